// Whether the addon can run in what has loaded it. Asked before anything else, since the answer may have to come before
// the first call of a function that would abort the process.
#pragma once

#include <napi.h>

#include <string>

namespace hawser::binding {

// What `process.versions` says of a name; nothing where it says nothing.
std::string RuntimeVersion(Napi::Env env, const char* name);

// Why it can't, in words that go on 'hawser cannot run in this process: '; nothing if it can.
std::string RuntimeProblem(Napi::Env env);

}  // namespace hawser::binding
