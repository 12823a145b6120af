#include "library.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "dynamic.h"
#include "error.h"
#include "lifetime.h"
#include "log.h"

namespace rerank {

namespace {

// Structs cross by value, so only releases whose declarations scripts/check-abi.mjs has compared are accepted.
constexpr const char* kReleases[] = {"0.4.0", "0.5.0"};

std::mutex mutex;
Library library;
std::atomic<bool> opened{false};

bool same_folder(const std::string& file, const std::string& folder) {
  std::error_code error;
  auto parent = std::filesystem::u8path(file).parent_path();
  return std::filesystem::equivalent(parent, std::filesystem::u8path(folder), error);
}

template <typename F> void resolve(F& target, const char* name, void* const (&handles)[3]) {
  for (void* handle : handles) {
    if (void* symbol = find_symbol(handle, name)) {
      target = reinterpret_cast<F>(symbol);
      return;
    }
  }
  throw Error("NATIVE_LOAD_FAILED", std::string("the opened llama.cpp has no function ") + name);
}

std::string accepted_release(const std::string& version) {
  std::string release = version.substr(0, version.find('-'));
  std::string list;
  for (const char* known : kReleases) {
    if (release == known) return release;
    list += (list.empty() ? "" : ", ") + std::string(known);
  }
  throw Error("NATIVE_LOAD_FAILED", "llama.cpp " + version + " is not an accepted release (expected one of " + list + ")");
}

void on_assert(const char* message) {
  std::fprintf(stderr, "llama-rerank: llama.cpp %s stopped the process: %s\n", library.release.c_str(), message);
}

}  // namespace

const Library& open_library(const std::string& folder, const std::string& llama, const std::string& ggml,
                            const std::string& base) {
  std::lock_guard<std::mutex> lock(mutex);
  if (opened) {
    if (same_folder(library.folder + "/x", folder)) return library;
    throw Error("LIBRARY_CONFLICT",
                "llama.cpp was opened from " + library.folder + " in this process; it cannot be opened from " + folder + " too");
  }
  // libggml-base carries no release in its name: the loader would silently reuse another one for our libllama.
  std::string other = loaded_path(base);
  if (!other.empty() && !same_folder(other, folder))
    throw Error("LIBRARY_CONFLICT", "another llama.cpp is loaded in this process: " + other + " (this package needs " + folder +
                                        "). Run one of the two in a process of its own");

  set_environment("GGML_NO_BACKTRACE", "1");
#ifdef __APPLE__
  // Live residency sets make the process abort at exit.
  bool residency = std::getenv("GGML_METAL_NO_RESIDENCY") == nullptr;
  if (residency) set_environment("GGML_METAL_NO_RESIDENCY", "1");
#endif
  void* handles[3] = {open_shared(folder + "/" + base), open_shared(folder + "/" + ggml), open_shared(folder + "/" + llama)};
  Library fresh;
#define X(name) resolve(fresh.f.name, #name, handles);
  LLAMA_FUNCTIONS(X)
  GGML_FUNCTIONS(X)
#undef X
  fresh.folder = folder;
  fresh.release = accepted_release(fresh.f.llama_version());
  stay_loaded();
  fresh.f.llama_log_set(log_line, nullptr);
  fresh.f.ggml_set_abort_callback(on_assert);
  fresh.f.ggml_backend_load_all_from_path(folder.c_str());
  fresh.f.llama_backend_init();
#ifdef __APPLE__
  if (residency) unsetenv("GGML_METAL_NO_RESIDENCY");
#endif
  library = fresh;
  opened = true;
  // After the backends are up, so that it runs before their static destructors.
  std::atexit(shutdown_all);
  return library;
}

const Functions& lib() {
  if (!opened) throw Error("NATIVE_LOAD_FAILED", "llama.cpp is not open yet");
  return library.f;
}

}  // namespace rerank
