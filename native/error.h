#pragma once

#include <stdexcept>
#include <string>

namespace rerank {

// Carries a stable code to JavaScript, where the error class lives.
struct Error : std::runtime_error {
  const char* code;
  Error(const char* code, const std::string& message) : std::runtime_error(message), code(code) {}
};

}  // namespace rerank
