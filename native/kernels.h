#pragma once

#include <cstdint>
#include <vector>

#include "functions.h"
#include "level.h"

namespace rerank {

// How the rows of a batch for an encoder belong together.
struct Rows {
  // For each sequence, its rows in the order of their positions.
  std::vector<std::vector<int32_t>> sequences;
  // ALiBi slope of each head; empty for none.
  std::vector<float> slopes;
  // Only the first position of each sequence is a query.
  bool first_only = false;
  Level level = Level::plain;
};

// Whether this build has the kernels below; elsewhere ggml's own compute.
bool has_kernels();

// Where in `op_params`, behind what ggml needs for a node of our own, attention's scale is kept.
constexpr int kScale = 8;

// Functions for nodes of type GGML_OP_CUSTOM, on processors only. ggml calls them on each of its threads.

// In place of ggml's flash attention: sources are queries, and keys and values in 16 bits. Sequences do not look at each other,
// so that unlike with a mask no work is done for pairs that do not count; sums are in 32 bits. `userdata` is a Rows.
void attend(ggml_tensor* node, int thread, int threads, void* userdata);

// GELU by the error function, of the source, or of the first source times the second. `userdata` is a Rows.
void gelu(ggml_tensor* node, int thread, int threads, void* userdata);

}  // namespace rerank
