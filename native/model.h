#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "lifetime.h"
#include "model_core.h"
#include "worker.h"

namespace rerank {

// JavaScript's Model: a file's weights and vocabulary, and the thread that loads, tokenizes and projects.
class Model : public Napi::ObjectWrap<Model>, public Closable {
 public:
  static Napi::Function define(Napi::Env env);
  static Model* unwrap(const Napi::Value& value);

  explicit Model(const Napi::CallbackInfo& info);
  ~Model() override { shutdown(); }
  void shutdown() noexcept override;

  // Throws DISPOSED after close().
  Worker& worker();
  // Throws INTERNAL before load() has settled: until then it belongs to the model's thread.
  const ModelCore& core() const;
  bool use_gpu() const { return options_.use_gpu; }

 private:
  Napi::Value load(const Napi::CallbackInfo& info);
  Napi::Value abort(const Napi::CallbackInfo& info);
  Napi::Value tokenize(const Napi::CallbackInfo& info);
  Napi::Value detokenize(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  ModelOptions options_;
  // Until it is loaded.
  std::shared_ptr<ModelFile> file_;
  ModelCore core_;
  std::unique_ptr<Worker> worker_;
  Napi::FunctionReference on_progress_;
  Napi::ObjectReference closing_;
  bool loaded_ = false;
  bool closed_ = false;
};

}  // namespace rerank
