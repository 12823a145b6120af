#pragma once

#include <string>

#include "functions.h"

namespace rerank {

// llama.cpp's log callback: lines up to the chosen level go to stderr, errors of this thread are kept for messages.
void log_line(ggml_log_level level, const char* text, void*);
void set_log_level(int level);

// Forgets, or takes, the error lines that llama.cpp logged on this thread.
void clear_logged_errors();
std::string logged_errors();

}  // namespace rerank
