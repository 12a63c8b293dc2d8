// This addon's own image in the process: whether all that it imports is there, and that it is never unloaded. Knows the
// systems' loaders, nothing of JavaScript.
#pragma once

#include <string>

namespace hawser::binding {

// Keeps the image where it is for as long as the process lives: Node unloads an addon with the last environment that
// has loaded it, which may be before the last instruction of a thread of ours. False where it can't.
bool KeepLoaded();

// What the runtime does not export of what the image imports, or nothing. Elsewhere than on Windows the image would not
// have been loaded; there functions are looked up when they are first called, which would be too late to say so.
std::string MissingImport();

}  // namespace hawser::binding
