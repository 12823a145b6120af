#include "kernels.h"

#include <algorithm>

#include "vectors.h"

namespace rerank {

#ifdef RERANK_KERNELS

namespace {

// x / 2 * (1 + erf(x / sqrt 2)), erf by Abramowitz and Stegun 7.1.26: at most 1.5e-7 off.
template <class Floats> RERANK_INLINE void gelu(Floats& x) {
  const Floats magnitude = (x < 0.0f ? -x : x) * 0.70710678118654752f;
  const Floats t = 1.0f / (magnitude * 0.3275911f + 1.0f);
  Floats poly = t * 1.061405429f - 1.453152027f;
  poly = poly * t + 1.421413741f;
  poly = poly * t - 0.284496736f;
  poly = (poly * t + 0.254829592f) * t;
  Floats e = -magnitude * magnitude;
  exponential(e);
  // 1 - erf of the magnitude. For x below 0, 1 + erf(x) is this itself, which keeps its digits.
  const Floats rest = poly * e;
  x = 0.5f * x * (x < 0.0f ? rest : 2.0f - rest);
}

template <int kLanes> struct Gelu {
  using Floats = typename Vectors<kLanes>::Floats;

  RERANK_INLINE static void run(ggml_tensor* node, int thread, int threads) {
    const ggml_tensor *gate = node->src[0], *factor = node->src[1];
    const int64_t width = node->ne[0];
    for (int64_t row = thread; row < node->ne[1]; row += threads) {
      const auto at = [&](const ggml_tensor* tensor) {
        return reinterpret_cast<float*>(static_cast<char*>(tensor->data) + row * tensor->nb[1]);
      };
      const float* x = at(gate);
      // Both halves may be in one tensor.
      const float* y = factor ? at(factor) : gate->ne[0] == 2 * width ? x + width : nullptr;
      float* to = at(node);
      int64_t i = 0;
      for (; i + kLanes <= width; i += kLanes) {
        Floats values;
        load(values, x + i);
        gelu(values);
        if (y) {
          Floats others;
          load(others, y + i);
          values *= others;
        }
        store(to + i, values);
      }
      for (; i < width; ++i) {
        Floats value{};
        value[0] = x[i];
        gelu(value);
        to[i] = y ? value[0] * y[i] : value[0];
      }
    }
  }
};

}  // namespace

void gelu(ggml_tensor* node, int thread, int threads, void* userdata) {
  call<Gelu>(static_cast<const Rows*>(userdata)->level, node, thread, threads);
}

#else

void gelu(ggml_tensor*, int, int, void*) {}

#endif

}  // namespace rerank
