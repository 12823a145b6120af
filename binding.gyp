{
  "variables": { "asan%": 0, "portable%": 0 },
  "targets": [
    {
      "target_name": "llama_rerank",
      "sources": ["<!@(node -p \"require('fs').readdirSync('native').filter((name) => name.endsWith('.cc')).map((name) => 'native/' + name).join(' ')\")"],
      "include_dirs": ["native/llama.cpp/v0.4.0", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS", "NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS", "NDEBUG"],
      "cflags": ["-O3", "-fvisibility=hidden", "-Wall", "-Wextra"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc": ["-std=c++17", "-fvisibility-inlines-hidden"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
        "CLANG_CXX_LIBRARY": "libc++",
        "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
        "GCC_ENABLE_CPP_RTTI": "YES",
        "GCC_OPTIMIZATION_LEVEL": "3",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "MACOSX_DEPLOYMENT_TARGET": "11.0",
        "WARNING_CFLAGS": ["-Wall", "-Wextra"]
      },
      "msvs_settings": {
        "VCCLCompilerTool": { "ExceptionHandling": 1, "RuntimeTypeInfo": "true", "AdditionalOptions": ["/std:c++17", "/utf-8"] }
      },
      "conditions": [
        ["OS=='linux'", { "libraries": ["-ldl"] }],
        ["OS=='win'", { "defines": ["NOMINMAX", "WIN32_LEAN_AND_MEAN"] }],
        [
          "portable==1 and OS=='linux'",
          { "ldflags": ["-static-libstdc++", "-static-libgcc", "-Wl,--exclude-libs,ALL", "-s"] }
        ],
        [
          "asan==1",
          {
            "cflags": ["-O1", "-g", "-fsanitize=address", "-fno-omit-frame-pointer"],
            "cflags!": ["-O3", "-fomit-frame-pointer"],
            "ldflags": ["-fsanitize=address"],
            "xcode_settings": {
              "GCC_OPTIMIZATION_LEVEL": "1",
              "OTHER_CFLAGS": ["-g", "-fsanitize=address", "-fno-omit-frame-pointer"],
              "OTHER_LDFLAGS": ["-fsanitize=address"]
            }
          }
        ]
      ]
    }
  ]
}
