#include "log.h"

#include <atomic>
#include <cstdio>

namespace rerank {

namespace {

std::atomic<int> threshold{0};
thread_local std::string errors;
thread_local ggml_log_level last = GGML_LOG_LEVEL_NONE;

// 1 errors, 2 warnings, 3 information, 4 debug
int verbosity(ggml_log_level level) {
  switch (level) {
    case GGML_LOG_LEVEL_ERROR: return 1;
    case GGML_LOG_LEVEL_WARN: return 2;
    case GGML_LOG_LEVEL_INFO: return 3;
    default: return 4;
  }
}

}  // namespace

void set_log_level(int level) { threshold = level; }

void log_line(ggml_log_level level, const char* text, void*) {
  if (level != GGML_LOG_LEVEL_CONT) last = level;
  if (last == GGML_LOG_LEVEL_ERROR && errors.size() < 2000) errors += text;
  if (verbosity(last) <= threshold) std::fputs(text, stderr);
}

void clear_logged_errors() { errors.clear(); }

std::string logged_errors() {
  std::string line = std::move(errors);
  errors.clear();
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  for (char& c : line)
    if (c == '\n') c = ' ';
  return line;
}

}  // namespace rerank
