#include "multiply.h"

#ifdef RERANK_X64
// GCC warns about its own header: https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105593
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#define RERANK_AVX512 "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c"
#define RERANK_TARGET __attribute__((target(RERANK_AVX512)))
#include "multiply_floats.h"
#include "multiply_q8.h"
#endif

namespace rerank {

#ifdef RERANK_X64

namespace {

#define RERANK_HERE __attribute__((target(RERANK_AVX512), always_inline)) static inline

// 32 registers of 16 numbers.
struct Avx512 {
  using Floats = __m512;
  using Ints = __m512i;
  using Number = int8_t;
  static constexpr int64_t kLanes = 16;
  // As many as there are registers for.
  static constexpr int kRowsQ8 = 6, kRowsFloats = 12;
  // The instruction wants weights without a sign.
  static constexpr int32_t kAdded = 128;

  RERANK_HERE Floats load(const float* from) { return _mm512_loadu_ps(from); }
  RERANK_HERE void store(float* to, Floats x) { _mm512_storeu_ps(to, x); }
  RERANK_HERE Floats splat(float x) { return _mm512_set1_ps(x); }
  RERANK_HERE Floats times(Floats x, Floats y) { return _mm512_mul_ps(x, y); }
  RERANK_HERE Floats add_product(Floats x, Floats y, Floats sum) { return _mm512_fmadd_ps(x, y, sum); }
  RERANK_HERE Floats larger(Floats x, Floats y) { return _mm512_max_ps(x, y); }
  RERANK_HERE Floats magnitude(Floats x) { return _mm512_abs_ps(x); }
  RERANK_HERE float largest(Floats x) { return _mm512_reduce_max_ps(x); }

  RERANK_HERE Ints load(const int32_t* from) { return _mm512_loadu_si512(from); }
  RERANK_HERE void store(int32_t* to, Ints x) { _mm512_storeu_si512(to, x); }
  RERANK_HERE Ints splat(int32_t x) { return _mm512_set1_epi32(x); }
  RERANK_HERE Ints round(Floats x) { return _mm512_cvtps_epi32(x); }
  RERANK_HERE Floats floats(Ints x) { return _mm512_cvtepi32_ps(x); }
  RERANK_HERE Ints add_dot(Ints sum, Ints weights, Ints row) { return _mm512_dpbusd_epi32(sum, weights, row); }

  RERANK_HERE float single(uint16_t half) { return _cvtsh_ss(half); }
  RERANK_HERE Floats from_f16(const char* from) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  RERANK_HERE Floats from_bf16(const char* from) {
    const Ints wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
  }

  RERANK_HERE void pack_block(const char* block, size_t row, int32_t* to, int64_t stride) {
    const Ints rows = _mm512_mullo_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                                         splat(static_cast<int32_t>(row)));
    for (int i = 0; i < 8; ++i)
      store(to + i * stride, _mm512_xor_si512(_mm512_i32gather_epi32(rows, block + 4 * i, 1), _mm512_set1_epi8(-128)));
  }

  // 16 rows of 16 numbers.
  RERANK_HERE void transpose(Floats (&rows)[kLanes]) {
    Floats pairs[kLanes], fours[kLanes], eights[kLanes];
    for (int i = 0; i < kLanes; i += 2) {
      pairs[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
      pairs[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < kLanes; i += 4)
      for (int j = 0; j < 2; ++j) {
        fours[i + 2 * j] = _mm512_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0x44);
        fours[i + 2 * j + 1] = _mm512_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0xee);
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
};

}  // namespace

Products products_avx512() { return {ProductQ8<Avx512>::run, ProductFloats<Avx512>::run}; }

#else

Products products_avx512() { return {}; }

#endif

}  // namespace rerank
