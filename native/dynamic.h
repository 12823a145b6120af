#pragma once

#include <string>

namespace rerank {

// Opens one shared library by its absolute path, for the life of the process. Throws NATIVE_LOAD_FAILED.
void* open_shared(const std::string& path);

// A symbol of it, or null.
void* find_symbol(void* library, const char* name);

// Path of a shared library with this file name that the process has loaded already, or an empty string.
std::string loaded_path(const std::string& file);

// Keeps this addon in memory for the life of the process: Node unloads it with the last worker thread that uses it, but llama.cpp
// keeps pointers to its functions.
void stay_loaded();

void set_environment(const char* name, const char* value);

}  // namespace rerank
