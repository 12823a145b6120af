#pragma once

#include <napi.h>

namespace rerank {

// quantize(input, output, fileType, threads): for making test and benchmark models.
Napi::Value quantize(const Napi::CallbackInfo& info);

}  // namespace rerank
