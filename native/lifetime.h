#pragma once

#include <node_api.h>

namespace rerank {

// Something that owns a thread and llama.cpp objects. The way out of a process or worker may skip finalizers, cleanup hooks or
// JavaScript's exit event, so every such object is known here and stopped by whichever of them comes first.
class Closable {
 public:
  // Stops work, joins the thread, frees. Idempotent.
  virtual void shutdown() noexcept = 0;

 protected:
  ~Closable();
  // At the end of the constructor, after the threadsafe functions were made: cleanup hooks run newest first, and ours must run
  // while those still work.
  void track(napi_env env);
  // To be called by shutdown(): from then on nobody calls it.
  void untrack() noexcept;

 private:
  napi_env env_ = nullptr;
};

// Newest first, so contexts go before their models.
void shutdown_environment(napi_env env) noexcept;
void shutdown_all() noexcept;

// Whether the process is in its atexit handlers: JavaScript's objects must not be touched any more.
bool exiting() noexcept;

}  // namespace rerank
