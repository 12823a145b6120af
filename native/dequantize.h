#pragma once

#include <napi.h>

namespace rerank {

// JavaScript's dequantize(type, bytes, count).
Napi::Value dequantize(const Napi::CallbackInfo& info);

}  // namespace rerank
