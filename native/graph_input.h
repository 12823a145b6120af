#pragma once

#include <cstdint>
#include <vector>

#include "functions.h"

namespace rerank {

// A tensor of our own that nodes of llama.cpp's graph read instead of theirs. Its address stays, since llama.cpp keeps graphs
// whose shapes still fit and runs them again.
class GraphInput {
 public:
  GraphInput() = default;
  ~GraphInput();
  GraphInput(const GraphInput&) = delete;

  // Puts `bytes` beside a tensor of the graph, on the same device. Strides are given where rows overlap.
  void set(const ggml_tensor& beside, ggml_type type, const int64_t (&shape)[3], const std::vector<uint8_t>& bytes);
  // Reads row i, plane p from `bytes` at first + i * row + p * plane.
  void stride(ptrdiff_t first, ptrdiff_t row, ptrdiff_t plane);

  ggml_tensor* tensor() { return &tensor_; }

 private:
  ggml_tensor tensor_{};
  ggml_backend_buffer_t buffer_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace rerank
