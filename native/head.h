#pragma once

#include <napi.h>

#include <memory>
#include <vector>

namespace rerank {

// JavaScript's Head: dense layers one after the other, on the model's thread.
class Head : public Napi::ObjectWrap<Head> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit Head(const Napi::CallbackInfo& info);

 private:
  Napi::Value apply(const Napi::CallbackInfo& info);

  struct Layer;
  std::shared_ptr<const std::vector<Layer>> layers_;
  size_t width_ = 0;
  Napi::ObjectReference model_;
};

}  // namespace rerank
