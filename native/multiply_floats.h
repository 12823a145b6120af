// Weights of any other type than Q8_0, for the instructions `I` of the file that includes this; it defines RERANK_TARGET.
#pragma once

#include <vector>

#include "library.h"
#include "multiply.h"

namespace rerank {

template <class I> class ProductFloats {
 public:
  RERANK_TARGET static void run(ggml_tensor* node, int thread, int threads, void*) {
    thread_local std::vector<Line> panel;
    const ggml_tensor *weights = node->src[0], *rows = node->src[1];
    const Share share = share_of(node, thread, threads);
    const int64_t stride = static_cast<int64_t>(node->nb[1] / sizeof(float)), numbers = weights->ne[0];
    const size_t step = rows->nb[1];
    if (share.begin >= share.end) return;
    for (int64_t p = share.panel; p < weights->ne[1] / kColumns; p += share.step) {
      pack(weights, p * kColumns, panel);
      const auto* packed = reinterpret_cast<const float*>(panel.data());
      float* to = static_cast<float*>(node->data) + p * kColumns;
      const char* from = static_cast<const char*>(rows->data);
      int64_t row = share.begin;
      for (; row + kRows <= share.end; row += kRows)
        tile<kRows>(from + row * step, step, packed, numbers, to + row * stride, stride);
      for (; row + kRows / 3 <= share.end; row += kRows / 3)
        tile<kRows / 3>(from + row * step, step, packed, numbers, to + row * stride, stride);
      for (; row < share.end; ++row) tile<1>(from + row * step, step, packed, numbers, to + row * stride, stride);
    }
  }

 private:
  using Floats = typename I::Floats;
  static constexpr int64_t kLanes = I::kLanes, kColumns = kVectors * kLanes;
  static constexpr int kRows = I::kRowsFloats;

  // Weights of some columns, number by number: [numbers][columns].
  RERANK_TARGET static void pack(const ggml_tensor* weights, int64_t column, std::vector<Line>& to) {
    thread_local std::vector<float> plain;
    const int64_t numbers = weights->ne[0];
    const char* from = static_cast<const char*>(weights->data) + column * weights->nb[1];
    size_t row = weights->nb[1];
    ggml_type type = weights->type;
    if (type != GGML_TYPE_F32 && type != GGML_TYPE_F16 && type != GGML_TYPE_BF16) {
      plain.resize(numbers * kColumns);
      for (int64_t i = 0; i < kColumns; ++i)
        lib().ggml_get_type_traits(type)->to_float(from + i * row, &plain[i * numbers], numbers);
      from = reinterpret_cast<const char*>(plain.data());
      row = numbers * sizeof(float);
      type = GGML_TYPE_F32;
    }
    const size_t size = type == GGML_TYPE_F32 ? 4 : 2;
    to.resize(numbers * kColumns * sizeof(float) / sizeof(Line));
    auto* packed = reinterpret_cast<float*>(to.data());
    for (int v = 0; v < kVectors; ++v)
      for (int64_t k = 0; k < numbers; k += kLanes) {
        Floats block[kLanes];
        for (int64_t i = 0; i < kLanes; ++i) block[i] = widen(from + (v * kLanes + i) * row + k * size, type);
        I::transpose(block);
        for (int64_t i = 0; i < kLanes; ++i) I::store(&packed[(k + i) * kColumns + v * kLanes], block[i]);
      }
  }

  RERANK_TARGET static Floats widen(const char* from, ggml_type type) {
    if (type == GGML_TYPE_F32) return I::load(reinterpret_cast<const float*>(from));
    return type == GGML_TYPE_F16 ? I::from_f16(from) : I::from_bf16(from);
  }

  template <int rows>
  RERANK_TARGET static void tile(const char* from, size_t step, const float* panel, int64_t numbers, float* to, int64_t stride) {
    Floats sums[rows][kVectors];
    for (auto& sum : sums)
      for (Floats& vector : sum) vector = I::splat(0.0f);
    for (int64_t k = 0; k < numbers; ++k) {
      Floats weights[kVectors];
      for (int v = 0; v < kVectors; ++v) weights[v] = I::load(&panel[k * kColumns + v * kLanes]);
      for (int r = 0; r < rows; ++r) {
        const Floats row = I::splat(reinterpret_cast<const float*>(from + r * step)[k]);
        for (int v = 0; v < kVectors; ++v) sums[r][v] = I::add_product(row, weights[v], sums[r][v]);
      }
    }
    for (int r = 0; r < rows; ++r)
      for (int v = 0; v < kVectors; ++v) I::store(to + r * stride + v * kLanes, sums[r][v]);
  }
};

}  // namespace rerank
