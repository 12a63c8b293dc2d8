# What macOS and Windows want of every target. Included by each target and not by target_defaults, where Node's own
# settings, which forbid exceptions and name an older C++, would win.
{
  "xcode_settings": {
    "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
    "GCC_ENABLE_CPP_RTTI": "YES",
    "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
    "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
    "MACOSX_DEPLOYMENT_TARGET": "11.0",
    "OTHER_LDFLAGS": ["-Wl,-bind_at_load", "-Wl,-exported_symbols_list,native/binding/exports.txt"]
  },
  "msvs_settings": {
    "VCCLCompilerTool": {
      "ExceptionHandling": 1,
      "AdditionalOptions!": ["-std:c++17", "-std:c++20", "-std:gnu++20"],
      "AdditionalOptions": ["/std:c++20"]
    }
  },
  "configurations": {
    "Release": { "msvs_settings": { "VCCLCompilerTool": { "RuntimeTypeInfo": "true" } } }
  },
  "conditions": [
    ["OS=='win'", { "defines!": ["_HAS_EXCEPTIONS=0"], "defines": ["_HAS_EXCEPTIONS=1"] }]
  ]
}
