#pragma once

#include <cstdint>

#include "functions.h"

namespace rerank {

// Which run of the graph a product belongs to: what was made of its input is used again within one.
struct Run {
  uint64_t number = 0;
};

// The function that computes this product of ggml's in its place, on processors with AVX-512, or null: weights times many rows,
// both in memory. They are for nodes of type GGML_OP_CUSTOM, with a Run as `userdata`.
ggml_custom_op_t multiplication(const ggml_tensor* node);

// Weights in Q8_0. As in ggml, rows are rounded to 8 bits by blocks of 32 numbers and products are summed in integers.
void multiply_q8(ggml_tensor* node, int thread, int threads, void* userdata);

// Weights of any other type. Rows stay as they are, in 32 bits, where ggml rounds them to the type of the weights, or to 8 bits.
void multiply_floats(ggml_tensor* node, int thread, int threads, void* userdata);

// Columns that are computed together, in vectors of 16.
constexpr int kVectors = 2;
constexpr int64_t kLanes = 16, kColumns = kVectors * kLanes;

// Rows and columns of one thread.
struct Share {
  int64_t begin, end;
  // Every `step`-th panel of columns from `panel` on.
  int64_t panel, step;
};
Share share_of(const ggml_tensor* node, int thread, int threads);

}  // namespace rerank
