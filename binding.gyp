{
  "variables": {
    "hawser_test%": 0,
    "hawser_werror%": "<!(node -p \"process.env.HAWSER_WERROR ? 1 : 0\")",
    "sources": [
      "<!@(node -p \"require('fs').readdirSync('native/core').filter(f=>f.endsWith('.cc')).map(f=>'native/core/'+f).join(' ')\")",
      "<!@(node -p \"require('fs').readdirSync('native/reader').filter(f=>f.endsWith('.cc')).map(f=>'native/reader/'+f).join(' ')\")",
      "<!@(node -p \"require('fs').readdirSync('native/binding').filter(f=>f.endsWith('.cc')).map(f=>'native/binding/'+f).join(' ')\")"
    ]
  },
  "target_defaults": {
    "include_dirs": ["native", "<!(node -p \"require('node-addon-api').include_dir\")"],
    "defines": [
      "NAPI_VERSION=8", "NODE_ADDON_API_DISABLE_DEPRECATED", "NAPI_CPP_EXCEPTIONS", "NODE_ADDON_API_CPP_EXCEPTIONS_ALL",
      # A Worker may be terminated inside any call: an exception can't be thrown then, and aborts unless swallowed.
      "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
      # Of Windows' headers, which libuv's include: what would rename SendMessage, min and max.
      "WIN32_LEAN_AND_MEAN", "NOUSER", "NOMINMAX"
    ],
    "cflags!": ["-fno-exceptions"],
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
    "cflags_cc": ["-std=c++20", "-O3", "-Wall", "-Wextra", "-Wpedantic", "-fvisibility=hidden", "-fvisibility-inlines-hidden"],
    "ldflags": [
      "-Wl,-z,nodelete",
      "-Wl,-z,now",
      "-Wl,--version-script=<(module_root_dir)/native/binding/exports.map"
    ],
    "xcode_settings": {
      "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
      "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
      "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
      "MACOSX_DEPLOYMENT_TARGET": "11.0"
    },
    "msvs_settings": { "VCCLCompilerTool": { "ExceptionHandling": 1, "AdditionalOptions": ["/std:c++20"] } },
    "conditions": [["hawser_werror==1", { "cflags_cc": ["-Werror"] }]]
  },
  "targets": [
    { "target_name": "hawser", "sources": ["<@(sources)"] }
  ],
  "conditions": [
    ["hawser_test==1", {
      "targets": [
        { "target_name": "hawser_test", "sources": ["<@(sources)"], "defines": ["HAWSER_TEST_HOOKS=1"] }
      ]
    }]
  ]
}
