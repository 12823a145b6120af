#pragma once

#include <cstdint>
#include <vector>

#include "functions.h"
#include "model_core.h"

namespace rerank {

// Changes nodes of llama.cpp's graph before they run, where llama.cpp builds a graph that is not the model's.
//
// Sliding window: llama.cpp reads `attention.sliding_window` for some architectures only. For a layer that has one, the attention
// node is given a mask of our own. It relies on this package's contexts holding one sequence whose cell i is position i.
class Corrections {
 public:
  explicit Corrections(const SlidingWindow& window) : window_(window) {}
  ~Corrections();
  Corrections(const Corrections&) = delete;

  // The micro-batch that is about to run begins at this position.
  void begin(int32_t position);
  // Asked about every node before it runs.
  void apply(ggml_tensor* node);

 private:
  ggml_tensor* windowed(ggml_tensor* mask);

  const SlidingWindow window_;
  int32_t position_ = 0;
  size_t layer_ = 0;
  bool current_ = false;
  ggml_tensor mask_{};
  ggml_backend_buffer_t buffer_ = nullptr;
  size_t capacity_ = 0;
  std::vector<uint8_t> bytes_;
};

}  // namespace rerank
