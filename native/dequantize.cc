#include "dequantize.h"

#include <cctype>
#include <cstring>

#include "arguments.h"
#include "library.h"

namespace rerank {

namespace {

// ggml writes Q4_K as q4_K.
bool same_name(const std::string& a, const char* b) {
  size_t i = 0;
  while (i < a.size() && b[i] && std::tolower(a[i]) == std::tolower(b[i])) ++i;
  return i == a.size() && !b[i];
}

const ggml_type_traits& traits_of(const std::string& name) {
  for (int type = 0; type < GGML_TYPE_COUNT; ++type) {
    const ggml_type_traits* traits = lib().ggml_get_type_traits(static_cast<ggml_type>(type));
    if (traits->type_name && same_name(name, traits->type_name)) return *traits;
  }
  throw Error("INTERNAL", "unknown tensor type " + name);
}

}  // namespace

Napi::Value dequantize(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::string name = string(info[0]);
    const ggml_type_traits& traits = traits_of(name);
    const std::vector<uint8_t> data = bytes(info[1]);
    const auto count = static_cast<int64_t>(number(info[2]));
    const bool plain = same_name(name, "f32");
    if (!plain && !traits.to_float) throw Error("INTERNAL", "tensor type " + name + " cannot be read");
    if (count < 0 || count % traits.blck_size != 0 || data.size() != traits.type_size * (count / traits.blck_size))
      throw Error("INTERNAL", std::to_string(data.size()) + " bytes are not " + std::to_string(count) + " numbers of " + name);
    std::vector<float> values(count);
    if (plain)
      std::memcpy(values.data(), data.data(), data.size());
    else
      traits.to_float(data.data(), values.data(), count);
    return copied<Napi::Float32Array>(info.Env(), values);
  });
}

}  // namespace rerank
