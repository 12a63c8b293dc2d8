// The version in package.json, told by the addon so that it is not used with the TypeScript of another one. A test
// compares the two.
#pragma once

namespace hawser::binding {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace hawser::binding
