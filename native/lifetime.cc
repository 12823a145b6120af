#include "lifetime.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

namespace rerank {

namespace {

struct Entry {
  napi_env env;
  Closable* closable;
};

// Never destroyed: used after static destructors may have begun.
std::mutex& mutex = *new std::mutex;
std::vector<Entry>& entries = *new std::vector<Entry>;
std::atomic<bool> at_exit{false};

void shutdown_where(napi_env env) noexcept {
  for (;;) {
    Closable* newest = nullptr;
    {
      std::lock_guard<std::mutex> lock(mutex);
      for (auto& entry : entries)
        if (!env || entry.env == env) newest = entry.closable;
    }
    if (!newest) return;
    newest->shutdown();
  }
}

void hook(void* closable) { static_cast<Closable*>(closable)->shutdown(); }

}  // namespace

void Closable::track(napi_env env) {
  env_ = env;
  napi_add_env_cleanup_hook(env, hook, this);
  std::lock_guard<std::mutex> lock(mutex);
  entries.push_back({env, this});
}

Closable::~Closable() { untrack(); }

void Closable::untrack() noexcept {
  if (!env_) return;
  if (!exiting()) napi_remove_env_cleanup_hook(env_, hook, this);
  env_ = nullptr;
  std::lock_guard<std::mutex> lock(mutex);
  entries.erase(std::remove_if(entries.begin(), entries.end(), [this](const Entry& e) { return e.closable == this; }),
                entries.end());
}

void shutdown_environment(napi_env env) noexcept { shutdown_where(env); }

void shutdown_all() noexcept {
  at_exit = true;
  shutdown_where(nullptr);
}

bool exiting() noexcept { return at_exit; }

}  // namespace rerank
