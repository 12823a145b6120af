#pragma once

#include <napi.h>

#include <memory>

#include "context_core.h"
#include "lifetime.h"
#include "worker.h"

namespace rerank {

// JavaScript's Context: a llama_context and its inference thread.
class Context : public Napi::ObjectWrap<Context>, public Closable {
 public:
  static Napi::Function define(Napi::Env env);

  explicit Context(const Napi::CallbackInfo& info);
  ~Context() override { shutdown(); }
  void shutdown() noexcept override;

 private:
  Napi::Value run(const Napi::CallbackInfo& info);
  Napi::Value abort(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::unique_ptr<ContextCore> core_;
  std::unique_ptr<Worker> worker_;
  Napi::ObjectReference closing_;
  bool closed_ = false;
};

}  // namespace rerank
