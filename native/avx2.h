// AVX2 with FMA and F16C: 16 registers of 8 numbers.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace rerank {

#define RERANK_AVX2 __attribute__((target("avx2,fma,f16c"), always_inline)) static inline

struct Avx2 {
  using Floats = __m256;
  using Ints = __m256i;
  static constexpr int64_t kLanes = 8;
  // As many as there are registers for.
  static constexpr int kRowsQ8 = 3, kRowsFloats = 6;

  RERANK_AVX2 Floats load(const float* from) { return _mm256_loadu_ps(from); }
  RERANK_AVX2 void store(float* to, Floats x) { _mm256_storeu_ps(to, x); }
  RERANK_AVX2 Floats splat(float x) { return _mm256_set1_ps(x); }
  RERANK_AVX2 Floats times(Floats x, Floats y) { return _mm256_mul_ps(x, y); }
  RERANK_AVX2 Floats add_product(Floats x, Floats y, Floats sum) { return _mm256_fmadd_ps(x, y, sum); }
  RERANK_AVX2 Floats larger(Floats x, Floats y) { return _mm256_max_ps(x, y); }
  RERANK_AVX2 Floats magnitude(Floats x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
  RERANK_AVX2 float largest(Floats x) {
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
  }

  RERANK_AVX2 Ints load(const int32_t* from) { return _mm256_loadu_si256(reinterpret_cast<const Ints*>(from)); }
  RERANK_AVX2 void store(int32_t* to, Ints x) { _mm256_storeu_si256(reinterpret_cast<Ints*>(to), x); }
  RERANK_AVX2 Ints splat(int32_t x) { return _mm256_set1_epi32(x); }
  RERANK_AVX2 Ints round(Floats x) { return _mm256_cvtps_epi32(x); }
  RERANK_AVX2 Floats floats(Ints x) { return _mm256_cvtepi32_ps(x); }

  RERANK_AVX2 float single(uint16_t half) { return _cvtsh_ss(half); }
  RERANK_AVX2 Floats from_f16(const char* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  RERANK_AVX2 Floats from_bf16(const char* from) {
    const Ints wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
  }

  // 8 rows of 8 numbers.
  RERANK_AVX2 void transpose(Floats (&rows)[kLanes]) {
    Floats pairs[kLanes], fours[kLanes];
    for (int i = 0; i < kLanes; i += 2) {
      pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
      pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < kLanes; i += 4)
      for (int j = 0; j < 2; ++j) {
        fours[i + 2 * j] = _mm256_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0x44);
        fours[i + 2 * j + 1] = _mm256_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0xee);
      }
    for (int i = 0; i < 4; ++i) {
      rows[i] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20);
      rows[i + 4] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31);
    }
  }

  // The 32 numbers of blocks in 8 rows, four in each lane.
  RERANK_AVX2 void by_fours(const char* block, size_t row, Ints (&to)[kLanes]) {
    Floats rows[kLanes];
    for (int i = 0; i < kLanes; ++i) rows[i] = load(reinterpret_cast<const float*>(block + i * row));
    transpose(rows);
    for (int i = 0; i < kLanes; ++i) to[i] = _mm256_castps_si256(rows[i]);
  }
};

}  // namespace rerank
