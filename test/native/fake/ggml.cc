// The ggml of the fake llama.cpp, both libggml and libggml-base. A new name in native/functions.h that no test of the fake calls
// needs one UNUSED line here.

#include <cstdlib>
#include <cstring>

#include "ggml.h"

size_t ggml_nbytes(const ggml_tensor* tensor) { return static_cast<size_t>(tensor->ne[0] * tensor->ne[1]) * sizeof(float); }

extern "C" {

void ggml_backend_load_all_from_path(const char*) {}
void* ggml_backend_dev_backend_reg(void*) { return nullptr; }
const char* ggml_backend_reg_name(void*) { return "CPU"; }
void ggml_backend_tensor_get(const ggml_tensor* tensor, void* data, size_t offset, size_t size) {
  std::memcpy(data, static_cast<const char*>(tensor->data) + offset, size);
}

#define UNUSED(name)                                                                                                             \
  void name() { std::abort(); }
UNUSED(ggml_backend_tensor_set)
UNUSED(ggml_backend_buffer_get_type)
UNUSED(ggml_backend_buffer_get_base)
UNUSED(ggml_backend_buffer_free)
UNUSED(ggml_backend_buft_alloc_buffer)
#undef ggml_fp32_to_fp16
const ggml_type_traits* ggml_get_type_traits(ggml_type) { std::abort(); }
ggml_fp16_t ggml_fp32_to_fp16(float) { std::abort(); }
}
