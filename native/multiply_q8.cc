#include "multiply.h"

#include <cstring>
#include <vector>

#if defined(__GNUC__) && defined(__x86_64__) && defined(__linux__)
#define RERANK_VNNI 1
// GCC warns about its own header: https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105593
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#define RERANK_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,f16c")))
#endif

namespace rerank {

#ifdef RERANK_VNNI

namespace {

// Q8_0: a scale in 16 bits and 32 numbers.
constexpr int64_t kBlock = 32, kBlockBytes = 34;
// Rows that are computed at once: as many as there are registers for.
constexpr int kRows = 6;

// Rows in 8 bits.
struct Rounded {
  const ggml_tensor* source = nullptr;
  uint64_t run = 0;
  int64_t begin = 0, end = 0;
  std::vector<int8_t> numbers;
  std::vector<float> scales;
  // -128 times the sum of a block: weights are stored with 128 added, since the instruction wants them without a sign.
  std::vector<int32_t> offsets;
};

// Weights of some columns: four numbers of each column side by side.
struct Panel {
  std::vector<uint8_t> numbers;
  std::vector<float> scales;
};

RERANK_TARGET void round_rows(const ggml_tensor* source, int64_t begin, int64_t end, Rounded& to) {
  const int64_t blocks = source->ne[0] / kBlock;
  to.numbers.resize((end - begin) * blocks * kBlock);
  to.scales.resize((end - begin) * blocks);
  to.offsets.resize((end - begin) * blocks);
  for (int64_t row = begin; row < end; ++row) {
    const auto* from = reinterpret_cast<const float*>(static_cast<const char*>(source->data) + row * source->nb[1]);
    for (int64_t b = 0; b < blocks; ++b) {
      const __m512 low = _mm512_loadu_ps(from + b * kBlock), high = _mm512_loadu_ps(from + b * kBlock + kLanes);
      const float most = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high)));
      const float scale = most / 127.0f, inverse = most > 0 ? 127.0f / most : 0.0f;
      const __m512i a = _mm512_cvtps_epi32(_mm512_mul_ps(low, _mm512_set1_ps(inverse)));
      const __m512i c = _mm512_cvtps_epi32(_mm512_mul_ps(high, _mm512_set1_ps(inverse)));
      const int64_t at = (row - begin) * blocks + b;
      _mm_storeu_si128(reinterpret_cast<__m128i*>(&to.numbers[at * kBlock]), _mm512_cvtsepi32_epi8(a));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(&to.numbers[at * kBlock + kLanes]), _mm512_cvtsepi32_epi8(c));
      to.scales[at] = scale;
      to.offsets[at] = -128 * _mm512_reduce_add_epi32(_mm512_add_epi32(a, c));
    }
  }
}

RERANK_TARGET void pack(const ggml_tensor* weights, int64_t column, Panel& to) {
  const int64_t blocks = weights->ne[0] / kBlock;
  const char* base = static_cast<const char*>(weights->data) + column * weights->nb[1];
  to.numbers.resize(blocks * kBlock * kColumns);
  to.scales.resize(blocks * kColumns);
  const __m512i sign = _mm512_set1_epi8(static_cast<char>(0x80));
  const __m512i rows = _mm512_mullo_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                                          _mm512_set1_epi32(static_cast<int>(weights->nb[1])));
  for (int64_t b = 0; b < blocks; ++b)
    for (int v = 0; v < kVectors; ++v) {
      const char* block = base + v * kLanes * weights->nb[1] + b * kBlockBytes;
      for (int64_t i = 0; i < kBlock / 4; ++i) {
        const __m512i four = _mm512_i32gather_epi32(rows, block + 2 + 4 * i, 1);
        _mm512_storeu_si512(&to.numbers[((b * kBlock / 4 + i) * kVectors + v) * 64], _mm512_xor_si512(four, sign));
      }
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        uint16_t half;
        std::memcpy(&half, block + lane * weights->nb[1], sizeof half);
        to.scales[b * kColumns + v * kLanes + lane] = _cvtsh_ss(half);
      }
    }
}

// `rows` rows from `first` on, times the panel's columns.
template <int rows>
RERANK_TARGET void tile(const Rounded& left, int64_t first, const Panel& right, int64_t blocks, float* to, int64_t stride) {
  __m512 sums[rows][kVectors];
  for (auto& sum : sums)
    for (__m512& vector : sum) vector = _mm512_setzero_ps();
  for (int64_t b = 0; b < blocks; ++b) {
    __m512i exact[rows][kVectors];
    for (int r = 0; r < rows; ++r)
      for (__m512i& vector : exact[r]) vector = _mm512_set1_epi32(left.offsets[(first + r) * blocks + b]);
    const uint8_t* numbers = &right.numbers[b * kBlock * kColumns];
    for (int i = 0; i < kBlock / 4; ++i) {
      __m512i weights[kVectors];
      for (int v = 0; v < kVectors; ++v) weights[v] = _mm512_loadu_si512(numbers + (i * kVectors + v) * 64);
      for (int r = 0; r < rows; ++r) {
        int32_t four;
        std::memcpy(&four, &left.numbers[((first + r) * blocks + b) * kBlock + 4 * i], sizeof four);
        const __m512i row = _mm512_set1_epi32(four);
        for (int v = 0; v < kVectors; ++v) exact[r][v] = _mm512_dpbusd_epi32(exact[r][v], weights[v], row);
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      const __m512 scales = _mm512_loadu_ps(&right.scales[b * kColumns + v * kLanes]);
      for (int r = 0; r < rows; ++r) {
        const __m512 scale = _mm512_mul_ps(scales, _mm512_set1_ps(left.scales[(first + r) * blocks + b]));
        sums[r][v] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(exact[r][v]), scale, sums[r][v]);
      }
    }
  }
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < kVectors; ++v) _mm512_storeu_ps(to + r * stride + v * kLanes, sums[r][v]);
}

RERANK_TARGET void panel(const Rounded& left, int64_t count, const Panel& right, int64_t blocks, float* to, int64_t stride) {
  int64_t row = 0;
  for (; row + kRows <= count; row += kRows) tile<kRows>(left, row, right, blocks, to + row * stride, stride);
  for (; row + 2 <= count; row += 2) tile<2>(left, row, right, blocks, to + row * stride, stride);
  if (row < count) tile<1>(left, row, right, blocks, to + row * stride, stride);
}

}  // namespace

void multiply_q8(ggml_tensor* node, int thread, int threads, void* userdata) {
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

#else

void multiply_q8(ggml_tensor*, int, int, void*) {}

#endif

}  // namespace rerank
