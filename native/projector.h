#pragma once

#include <napi.h>

#include <memory>
#include <vector>

namespace rerank {

// JavaScript's Projector: second * relu(first * x), without bias, on the model's thread.
class Projector : public Napi::ObjectWrap<Projector> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit Projector(const Napi::CallbackInfo& info);

 private:
  Napi::Value project(const Napi::CallbackInfo& info);

  struct Layers;
  std::shared_ptr<const Layers> layers_;
  Napi::ObjectReference model_;
};

}  // namespace rerank
