#pragma once

#include <napi.h>

#include "model_core.h"

namespace rerank {

// What JavaScript is told about a loaded model (NativeModelInfo in src/engine/addon.ts).
Napi::Object model_info(Napi::Env env, const ModelCore& core);

}  // namespace rerank
