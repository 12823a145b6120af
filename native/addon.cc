#include <napi.h>

#include "arguments.h"
#include "context.h"
#include "dequantize.h"
#include "head.h"
#include "level.h"
#include "library.h"
#include "lifetime.h"
#include "log.h"
#include "model.h"
#include "quantize.h"

namespace rerank {

namespace {

Napi::Value open(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Library& library = open_library(string(info[0]), string(info[1]), string(info[2]), string(info[3]));
    auto result = Napi::Object::New(info.Env());
    result["release"] = Napi::String::New(info.Env(), library.release);
    result["folder"] = Napi::String::New(info.Env(), library.folder);
    return result;
  });
}

const char* type_name(enum ggml_backend_dev_type type) {
  switch (type) {
    case GGML_BACKEND_DEVICE_TYPE_CPU: return "cpu";
    case GGML_BACKEND_DEVICE_TYPE_GPU: return "gpu";
    case GGML_BACKEND_DEVICE_TYPE_IGPU: return "igpu";
    default: return "accel";
  }
}

Napi::Value devices(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    Napi::Env env = info.Env();
    auto list = Napi::Array::New(env);
    for (size_t i = 0; i < lib().ggml_backend_dev_count(); ++i) {
      ggml_backend_dev_t device = lib().ggml_backend_dev_get(i);
      size_t free = 0, total = 0;
      lib().ggml_backend_dev_memory(device, &free, &total);
      auto entry = Napi::Object::New(env);
      entry["name"] = Napi::String::New(env, lib().ggml_backend_dev_name(device));
      entry["description"] = Napi::String::New(env, lib().ggml_backend_dev_description(device));
      entry["type"] = Napi::String::New(env, type_name(lib().ggml_backend_dev_type(device)));
      entry["backend"] = Napi::String::New(env, lib().ggml_backend_reg_name(lib().ggml_backend_dev_backend_reg(device)));
      entry["memoryFree"] = Napi::Number::New(env, static_cast<double>(free));
      entry["memoryTotal"] = Napi::Number::New(env, static_cast<double>(total));
      list[static_cast<uint32_t>(i)] = entry;
    }
    return list;
  });
}

Napi::Value set_level(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    set_log_level(static_cast<int>(number(info[0])));
    return info.Env().Undefined();
  });
}

Napi::Value shutdown(const Napi::CallbackInfo& info) {
  shutdown_environment(info.Env());
  return info.Env().Undefined();
}

// The name of the most that kernels may use, up to a named one.
Napi::Value kernels(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::String::New(info.Env(), name_of(available(level_named(string(info[0])))));
  });
}

}  // namespace

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports["openLibrary"] = Napi::Function::New(env, open, "openLibrary");
  exports["devices"] = Napi::Function::New(env, devices, "devices");
  exports["setLogLevel"] = Napi::Function::New(env, set_level, "setLogLevel");
  exports["shutdown"] = Napi::Function::New(env, shutdown, "shutdown");
  exports["kernels"] = Napi::Function::New(env, kernels, "kernels");
  exports["quantize"] = Napi::Function::New(env, quantize, "quantize");
  exports["dequantize"] = Napi::Function::New(env, dequantize, "dequantize");
  exports["Model"] = Model::define(env);
  exports["Context"] = Context::define(env);
  exports["Head"] = Head::define(env);
  return exports;
}

}  // namespace rerank

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return rerank::init(env, exports); }

NODE_API_MODULE(llama_rerank, Init)
