#include "corrections.h"

#include <cmath>

#include "error.h"
#include "library.h"

namespace rerank {

namespace {

template <typename T>
void fill(T* cells, const ggml_tensor& mask, int32_t position, int32_t window, T visible, T hidden) {
  const int64_t width = mask.ne[0];
  for (int64_t i = 0; i < mask.ne[1]; ++i)
    for (int64_t j = 0; j < width; ++j) {
      const int64_t distance = position + i - j;
      cells[i * width + j] = distance >= 0 && distance < window ? visible : hidden;
    }
}

}  // namespace

Corrections::~Corrections() {
  if (buffer_) lib().ggml_backend_buffer_free(buffer_);
}

void Corrections::begin(int32_t position) {
  position_ = position;
  current_ = false;
  layer_ = 0;
}

void Corrections::apply(ggml_tensor* node) {
  if (window_.layers.empty()) return;
  const int source = node->op == GGML_OP_FLASH_ATTN_EXT ? 3 : node->op == GGML_OP_SOFT_MAX ? 1 : -1;
  if (source < 0 || !node->src[source]) return;
  // One attention node a layer, in order; with flash attention llama.cpp gives it no name.
  const size_t layer = layer_++;
  if (layer >= window_.layers.size() || !window_.layers[layer]) return;
  node->src[source] = windowed(node->src[source]);
}

ggml_tensor* Corrections::windowed(ggml_tensor* mask) {
  if (current_) return &mask_;
  // llama.cpp reuses a graph whose shapes still fit: then the node has our mask already.
  if (mask != &mask_) {
    const size_t size = lib().ggml_nbytes(mask);
    ggml_backend_buffer_t previous = buffer_;
    if (size > capacity_) {
      buffer_ = lib().ggml_backend_buft_alloc_buffer(lib().ggml_backend_buffer_get_type(mask->buffer), size);
      if (!buffer_) {
        buffer_ = previous;
        throw Error("INSUFFICIENT_MEMORY", "no memory for the sliding window's mask (" + std::to_string(size) + " bytes)");
      }
      if (previous) lib().ggml_backend_buffer_free(previous);
      capacity_ = size;
    }
    mask_ = *mask;
    mask_.op = GGML_OP_NONE;
    mask_.view_src = nullptr;
    mask_.buffer = buffer_;
    mask_.data = lib().ggml_backend_buffer_get_base(buffer_);
  }
  bytes_.resize(lib().ggml_nbytes(&mask_));
  if (mask_.type == GGML_TYPE_F16) {
    fill(reinterpret_cast<ggml_fp16_t*>(bytes_.data()), mask_, position_, window_.size, lib().ggml_fp32_to_fp16(0.0f),
         lib().ggml_fp32_to_fp16(-INFINITY));
  } else {
    fill(reinterpret_cast<float*>(bytes_.data()), mask_, position_, window_.size, 0.0f, -INFINITY);
  }
  lib().ggml_backend_tensor_set(&mask_, bytes_.data(), 0, bytes_.size());
  current_ = true;
  return &mask_;
}

}  // namespace rerank
