#include "multiply.h"

#include <cstring>
#include <vector>

#if defined(__GNUC__) && defined(__x86_64__) && defined(__linux__)
#define RERANK_AVX512 1
// GCC warns about its own header: https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105593
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include "library.h"
#define RERANK_TARGET __attribute__((target("avx512f,avx512bw,avx512vl")))
#endif

namespace rerank {

#ifdef RERANK_AVX512

namespace {

// Rows that are computed at once: as many as there are registers for.
constexpr int kRows = 12;

RERANK_TARGET inline __m512 widen(const char* from, ggml_type type) {
  if (type == GGML_TYPE_F32) return _mm512_loadu_ps(from);
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  if (type == GGML_TYPE_F16) return _mm512_cvtph_ps(halves);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

// Transposes 16 rows of 16 numbers.
RERANK_TARGET inline void transpose(__m512 (&rows)[kLanes]) {
  __m512 pairs[kLanes], fours[kLanes], eights[kLanes];
  for (int i = 0; i < kLanes; i += 2) {
    pairs[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < kLanes; i += 4) {
    fours[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(pairs[i]), _mm512_castps_pd(pairs[i + 2])));
    fours[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(pairs[i]), _mm512_castps_pd(pairs[i + 2])));
    fours[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(pairs[i + 1]), _mm512_castps_pd(pairs[i + 3])));
    fours[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(pairs[i + 1]), _mm512_castps_pd(pairs[i + 3])));
  }
  for (int half = 0; half < kLanes; half += 8)
    for (int i = 0; i < 4; ++i) {
      eights[half + i] = _mm512_shuffle_f32x4(fours[half + i], fours[half + i + 4], 0x88);
      eights[half + i + 4] = _mm512_shuffle_f32x4(fours[half + i], fours[half + i + 4], 0xdd);
    }
  for (int i = 0; i < 8; ++i) {
    rows[i] = _mm512_shuffle_f32x4(eights[i], eights[i + 8], 0x88);
    rows[i + 8] = _mm512_shuffle_f32x4(eights[i], eights[i + 8], 0xdd);
  }
}

// Weights of some columns, number by number: [numbers][columns].
RERANK_TARGET void pack(const ggml_tensor* weights, int64_t column, std::vector<float>& to) {
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
  to.resize(numbers * kColumns);
  for (int v = 0; v < kVectors; ++v)
    for (int64_t k = 0; k < numbers; k += kLanes) {
      __m512 block[kLanes];
      for (int64_t i = 0; i < kLanes; ++i) block[i] = widen(from + (v * kLanes + i) * row + k * size, type);
      transpose(block);
      for (int64_t i = 0; i < kLanes; ++i) _mm512_storeu_ps(&to[(k + i) * kColumns + v * kLanes], block[i]);
    }
}

template <int rows>
RERANK_TARGET void tile(const char* from, size_t step, const std::vector<float>& panel, int64_t numbers, float* to,
                        int64_t stride) {
  __m512 sums[rows][kVectors];
  for (auto& sum : sums)
    for (__m512& vector : sum) vector = _mm512_setzero_ps();
  for (int64_t k = 0; k < numbers; ++k) {
    __m512 weights[kVectors];
    for (int v = 0; v < kVectors; ++v) weights[v] = _mm512_loadu_ps(&panel[k * kColumns + v * kLanes]);
    for (int r = 0; r < rows; ++r) {
      const __m512 row = _mm512_set1_ps(reinterpret_cast<const float*>(from + r * step)[k]);
      for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_fmadd_ps(row, weights[v], sums[r][v]);
    }
  }
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < kVectors; ++v) _mm512_storeu_ps(to + r * stride + v * kLanes, sums[r][v]);
}

}  // namespace

void multiply_floats(ggml_tensor* node, int thread, int threads, void*) {
  thread_local std::vector<float> panel;
  const ggml_tensor *weights = node->src[0], *rows = node->src[1];
  const Share share = share_of(node, thread, threads);
  const int64_t stride = static_cast<int64_t>(node->nb[1] / sizeof(float)), numbers = weights->ne[0];
  const size_t step = rows->nb[1];
  if (share.begin >= share.end) return;
  for (int64_t p = share.panel; p < weights->ne[1] / kColumns; p += share.step) {
    pack(weights, p * kColumns, panel);
    float* to = static_cast<float*>(node->data) + p * kColumns;
    const char* from = static_cast<const char*>(rows->data);
    int64_t row = share.begin;
    for (; row + kRows <= share.end; row += kRows)
      tile<kRows>(from + row * step, step, panel, numbers, to + row * stride, stride);
    for (; row + 4 <= share.end; row += 4) tile<4>(from + row * step, step, panel, numbers, to + row * stride, stride);
    for (; row < share.end; ++row) tile<1>(from + row * step, step, panel, numbers, to + row * stride, stride);
  }
}

#else

void multiply_floats(ggml_tensor*, int, int, void*) {}

#endif

}  // namespace rerank
