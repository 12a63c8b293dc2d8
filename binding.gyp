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
      # From build/, where make links: a path of the whole would have to have no space.
      "-Wl,--version-script=../native/binding/exports.map"
    ],
    "conditions": [["hawser_werror==1", { "cflags_cc": ["-Werror"] }]]
  },
  "targets": [
    { "target_name": "hawser", "includes": ["native/systems.gypi"], "sources": ["<@(sources)"] }
  ],
  "conditions": [
    ["hawser_test==1", {
      "targets": [
        {
          "target_name": "hawser_test",
          "includes": ["native/systems.gypi"],
          "sources": ["<@(sources)"],
          "defines": ["HAWSER_TEST_HOOKS=1"]
        }
      ]
    }]
  ]
}
