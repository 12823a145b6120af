// Weights in Q8_0, for the instructions `I` of the file that includes this; it defines RERANK_TARGET.
#pragma once

#include <cstring>
#include <vector>

#include "multiply.h"

namespace rerank {

template <class I> class ProductQ8 {
 public:
  RERANK_TARGET static void run(ggml_tensor* node, int thread, int threads, void* userdata) {
    thread_local Rounded left;
    thread_local Panel right;
    const ggml_tensor *weights = node->src[0], *rows = node->src[1];
    const auto [begin, end, first, step] = share_of(node, thread, threads);
    if (begin >= end) return;
    const uint64_t run = static_cast<const Run*>(userdata)->number;
    // Queries, keys and values are made of the same rows.
    if (left.source != rows || left.run != run || left.begin != begin || left.end != end) {
      round_rows(rows, begin, end, left);
      left.source = rows;
      left.run = run;
      left.begin = begin;
      left.end = end;
    }
    const int64_t stride = static_cast<int64_t>(node->nb[1] / sizeof(float));
    for (int64_t p = first; p < weights->ne[1] / kColumns; p += step) {
      pack(weights, p * kColumns, right);
      panel(left, end - begin, right, weights->ne[0] / kBlock, static_cast<float*>(node->data) + begin * stride + p * kColumns,
            stride);
    }
  }

 private:
  using Floats = typename I::Floats;
  using Ints = typename I::Ints;
  // Of a row, in 8 or 16 bits: as many as fill 32 bits are multiplied and summed in one step, in each lane of a vector.
  using Number = typename I::Number;

  // A scale in 16 bits and 32 numbers.
  static constexpr int64_t kBlock = 32, kBlockBytes = 34;
  static constexpr int64_t kLanes = I::kLanes, kColumns = kVectors * kLanes;
  static constexpr int64_t kTogether = 4 / sizeof(Number), kSteps = kBlock / kTogether;

  struct Rounded {
    const ggml_tensor* source = nullptr;
    uint64_t run = 0;
    int64_t begin = 0, end = 0;
    std::vector<Number> numbers;
    std::vector<float> scales;
    // What a block's sum is too large by: I::kAdded was added to the weights.
    std::vector<int32_t> offsets;
  };

  // Weights of some columns: [blocks][steps][vectors][lanes].
  struct Panel {
    std::vector<Line> numbers;
    std::vector<float> scales;
  };

  RERANK_TARGET static void round_rows(const ggml_tensor* source, int64_t begin, int64_t end, Rounded& to) {
    const int64_t blocks = source->ne[0] / kBlock;
    to.numbers.resize((end - begin) * blocks * kBlock);
    to.scales.resize((end - begin) * blocks);
    to.offsets.resize((end - begin) * blocks);
    int64_t at = 0;
    for (int64_t row = begin; row < end; ++row) {
      const auto* from = reinterpret_cast<const float*>(static_cast<const char*>(source->data) + row * source->nb[1]);
      for (int64_t b = 0; b < blocks; ++b, ++at, from += kBlock) {
        Floats most = I::magnitude(I::load(from));
        for (int64_t i = kLanes; i < kBlock; i += kLanes) most = I::larger(most, I::magnitude(I::load(from + i)));
        const float largest = I::largest(most), inverse = largest > 0 ? 127.0f / largest : 0.0f;
        alignas(64) int32_t whole[kBlock];
        for (int64_t i = 0; i < kBlock; i += kLanes)
          I::store(whole + i, I::round(I::times(I::load(from + i), I::splat(inverse))));
        // In a variable, so that the compiler sees that it writes over nothing else.
        Number narrow[kBlock];
        int32_t sum = 0;
        for (int64_t i = 0; i < kBlock; ++i) narrow[i] = static_cast<Number>(whole[i]);
        for (int64_t i = 0; i < kBlock; ++i) sum += whole[i];
        std::memcpy(&to.numbers[at * kBlock], narrow, sizeof narrow);
        to.scales[at] = largest / 127.0f;
        to.offsets[at] = -I::kAdded * sum;
      }
    }
  }

  RERANK_TARGET static void pack(const ggml_tensor* weights, int64_t column, Panel& to) {
    const int64_t blocks = weights->ne[0] / kBlock;
    const size_t row = weights->nb[1];
    const char* base = static_cast<const char*>(weights->data) + column * row;
    to.numbers.resize(blocks * kSteps * kColumns * sizeof(int32_t) / sizeof(Line));
    to.scales.resize(blocks * kColumns);
    auto* numbers = reinterpret_cast<int32_t*>(to.numbers.data());
    for (int64_t b = 0; b < blocks; ++b)
      for (int v = 0; v < kVectors; ++v) {
        const char* block = base + v * kLanes * row + b * kBlockBytes;
        I::pack_block(block + 2, row, numbers + b * kSteps * kColumns + v * kLanes, kColumns);
        for (int64_t lane = 0; lane < kLanes; ++lane) {
          uint16_t half;
          std::memcpy(&half, block + lane * row, sizeof half);
          to.scales[b * kColumns + v * kLanes + lane] = I::single(half);
        }
      }
  }

  // `rows` rows from `first` on, times the panel's columns.
  template <int rows>
  RERANK_TARGET static void tile(const Rounded& left, int64_t first, const Panel& right, int64_t blocks, float* to,
                                 int64_t stride) {
    const auto* numbers = reinterpret_cast<const int32_t*>(right.numbers.data());
    Floats sums[rows][kVectors];
    for (auto& sum : sums)
      for (Floats& vector : sum) vector = I::splat(0.0f);
    for (int64_t b = 0; b < blocks; ++b) {
      Ints exact[rows][kVectors];
      for (int r = 0; r < rows; ++r)
        for (Ints& vector : exact[r]) vector = I::splat(I::kAdded == 0 ? 0 : left.offsets[(first + r) * blocks + b]);
      for (int i = 0; i < kSteps; ++i, numbers += kColumns) {
        Ints weights[kVectors];
        for (int v = 0; v < kVectors; ++v) weights[v] = I::load(numbers + v * kLanes);
        for (int r = 0; r < rows; ++r) {
          int32_t together;
          std::memcpy(&together, &left.numbers[((first + r) * blocks + b) * kBlock + kTogether * i], sizeof together);
          const Ints row = I::splat(together);
          for (int v = 0; v < kVectors; ++v) exact[r][v] = I::add_dot(exact[r][v], weights[v], row);
        }
      }
      for (int v = 0; v < kVectors; ++v) {
        const Floats scales = I::load(&right.scales[b * kColumns + v * kLanes]);
        for (int r = 0; r < rows; ++r) {
          const Floats scale = I::times(scales, I::splat(left.scales[(first + r) * blocks + b]));
          sums[r][v] = I::add_product(I::floats(exact[r][v]), scale, sums[r][v]);
        }
      }
    }
    for (int r = 0; r < rows; ++r)
      for (int v = 0; v < kVectors; ++v) I::store(to + r * stride + v * kLanes, sums[r][v]);
  }

  RERANK_TARGET static void panel(const Rounded& left, int64_t count, const Panel& right, int64_t blocks, float* to,
                                  int64_t stride) {
    int64_t row = 0;
    for (; row + I::kRowsQ8 <= count; row += I::kRowsQ8) tile<I::kRowsQ8>(left, row, right, blocks, to + row * stride, stride);
    for (; row + 2 <= count; row += 2) tile<2>(left, row, right, blocks, to + row * stride, stride);
    if (row < count) tile<1>(left, row, right, blocks, to + row * stride, stride);
  }
};

}  // namespace rerank
