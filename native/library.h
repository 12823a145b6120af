#pragma once

#include <string>

#include "functions.h"

namespace rerank {

struct Library {
  Functions f;
  std::string folder;
  std::string release;
};

// Opens llama.cpp's shared libraries and loads its backends, once a process. Throws NATIVE_LOAD_FAILED or LIBRARY_CONFLICT.
const Library& open_library(const std::string& folder, const std::string& llama, const std::string& ggml,
                            const std::string& base);

// The opened library's functions; throws NATIVE_LOAD_FAILED before open_library.
const Functions& lib();

}  // namespace rerank
