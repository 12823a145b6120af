#include "multiply.h"

#include <algorithm>

#include "library.h"

namespace rerank {

namespace {

// Fewer are as fast with ggml.
constexpr int64_t kFewestRows = 16, kManyRows = 128;

Products products_of(Level level) {
  switch (level) {
    case Level::avx2: return products_avx2();
    case Level::avxvnni: return products_avxvnni();
    case Level::avx512: return products_avx512();
    default: return {};
  }
}

bool is_readable(ggml_type type) { return lib().ggml_get_type_traits(type)->to_float != nullptr; }

}  // namespace

ggml_custom_op_t multiplication(const ggml_tensor* node, Level level) {
  const ggml_tensor *weights = node->src[0], *rows = node->src[1];
  if (rows->type != GGML_TYPE_F32 || node->type != GGML_TYPE_F32) return nullptr;
  // Weights that ggml has arranged in its own way say so in `extra`; what is no weight has no buffer for weights.
  if (weights->extra || weights->op != GGML_OP_NONE || weights->view_src || weights->nb[1] > (1u << 26)) return nullptr;
  if (weights->ne[0] % 16 != 0 || weights->ne[1] % kMostColumns != 0 || rows->ne[1] < kFewestRows || rows->nb[0] != sizeof(float))
    return nullptr;
  if (node->ne[2] != 1 || node->ne[3] != 1 || weights->ne[2] != 1 || weights->ne[3] != 1) return nullptr;
  const Products products = products_of(level);
  switch (weights->type) {
    case GGML_TYPE_Q8_0: return products.q8;
    case GGML_TYPE_F32:
    case GGML_TYPE_F16:
    case GGML_TYPE_BF16: return products.floats;
    // To be made numbers of first, which pays with more rows.
    default: return rows->ne[1] >= kManyRows && is_readable(weights->type) ? products.floats : nullptr;
  }
}

Share share_of(const ggml_tensor* node, int thread, int threads) {
  // Threads share out the rows, in up to four parts, then the columns: packing them is done once for each part.
  const int parts = std::min(threads, 4), part = thread % parts;
  const int64_t rows = node->src[1]->ne[1], step = (rows + parts - 1) / parts, begin = std::min(step * part, rows);
  return {begin, std::min(begin + step, rows), thread / parts, (threads + parts - 1 - part) / parts};
}

}  // namespace rerank
