#pragma once

#include <cstdint>

#include "functions.h"
#include "level.h"

namespace rerank {

// Which run of the graph a product belongs to: what was made of its input is used again within one.
struct Run {
  uint64_t number = 0;
};

// The function that computes this product of ggml's in its place, or null: weights times many rows, both in memory. It is for
// nodes of type GGML_OP_CUSTOM, with a Run as `userdata`.
ggml_custom_op_t multiplication(const ggml_tensor* node, Level level);

// Functions of one level; null where this build has none.
struct Products {
  // Weights in Q8_0. As in ggml, rows are rounded to 8 bits by blocks of 32 numbers and products are summed in integers.
  ggml_custom_op_t q8 = nullptr;
  // Weights of any other type. Rows stay as they are, in 32 bits, where ggml rounds them to the type of the weights, or to 8
  // bits.
  ggml_custom_op_t floats = nullptr;
};
Products products_avx2();
Products products_avxvnni();
Products products_avx512();

// Vectors of columns that are computed together, and of what most columns their number is a multiple.
constexpr int kVectors = 2;
constexpr int64_t kMostColumns = 16 * kVectors;

// A line of memory: vectors that lie on one are read at once.
struct alignas(64) Line {
  char bytes[64];
};

// Rows and columns of one thread.
struct Share {
  int64_t begin, end;
  // Every `step`-th panel of columns from `panel` on.
  int64_t panel, step;
};
Share share_of(const ggml_tensor* node, int thread, int threads);

}  // namespace rerank
