#include "dynamic.h"

#include <cstdlib>
#include <cstring>

#include "error.h"

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#else
#include <link.h>
#endif
#endif

namespace rerank {

#ifdef _WIN32

namespace {

std::wstring widen(const std::string& text) {
  int size = MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0);
  std::wstring wide(size, L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), wide.data(), size);
  return wide;
}

}  // namespace

void* open_shared(const std::string& path) {
  // The altered search path makes the folder of this file the place where its own dependencies are looked for.
  HMODULE module = LoadLibraryExW(widen(path).c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
  if (!module) throw Error("NATIVE_LOAD_FAILED", path + ": Windows error " + std::to_string(GetLastError()));
  return module;
}

void* find_symbol(void* library, const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
}

std::string loaded_path(const std::string& file) {
  HMODULE module = GetModuleHandleW(widen(file).c_str());
  if (!module) return "";
  wchar_t wide[32768];
  DWORD length = GetModuleFileNameW(module, wide, 32768);
  int size = WideCharToMultiByte(CP_UTF8, 0, wide, length, nullptr, 0, nullptr, nullptr);
  std::string path(size, '\0');
  WideCharToMultiByte(CP_UTF8, 0, wide, length, path.data(), size, nullptr, nullptr);
  return path;
}

void stay_loaded() {
  HMODULE module;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                     reinterpret_cast<LPCWSTR>(&stay_loaded), &module);
}

void set_environment(const char* name, const char* value) { _putenv_s(name, value); }

#else

void* open_shared(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw Error("NATIVE_LOAD_FAILED", dlerror());
  return library;
}

void* find_symbol(void* library, const char* name) { return dlsym(library, name); }

namespace {

bool is_file(const char* path, const std::string& file) {
  const char* slash = std::strrchr(path, '/');
  return file == (slash ? slash + 1 : path);
}

}  // namespace

std::string loaded_path(const std::string& file) {
#ifdef __APPLE__
  for (uint32_t i = 0; i < _dyld_image_count(); ++i) {
    const char* path = _dyld_get_image_name(i);
    if (path && is_file(path, file)) return path;
  }
  return "";
#else
  struct Search {
    const std::string& file;
    std::string path;
  } search{file, ""};
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        auto* search = static_cast<Search*>(data);
        if (!is_file(info->dlpi_name, search->file)) return 0;
        search->path = info->dlpi_name;
        return 1;
      },
      &search);
  return search.path;
#endif
}

void stay_loaded() {
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(&stay_loaded), &info)) dlopen(info.dli_fname, RTLD_NOW | RTLD_LOCAL);
}

void set_environment(const char* name, const char* value) { setenv(name, value, 1); }

#endif

}  // namespace rerank
