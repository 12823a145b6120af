#include "multiply.h"

#ifdef RERANK_X64
#define RERANK_TARGET __attribute__((target("avx2,fma,f16c")))
#include "avx2.h"
#include "multiply_floats.h"
#include "multiply_q8.h"
#endif

namespace rerank {

#ifdef RERANK_X64

namespace {

// Products of 8 bits without a sign in common would overflow: all are in 16.
struct Widened : Avx2 {
  using Number = int16_t;
  static constexpr int32_t kAdded = 0;

  RERANK_AVX2 Ints add_dot(Ints sum, Ints weights, Ints row) { return _mm256_add_epi32(sum, _mm256_madd_epi16(weights, row)); }

  RERANK_AVX2 void pack_block(const char* block, size_t row, int32_t* to, int64_t stride) {
    Ints fours[kLanes];
    by_fours(block, row, fours);
    const Ints low = _mm256_setr_epi8(-1, 0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1, 0, -1, 1, -1, 4, -1, 5, -1, 8,
                                      -1, 9, -1, 12, -1, 13);
    const Ints high = _mm256_setr_epi8(-1, 2, -1, 3, -1, 6, -1, 7, -1, 10, -1, 11, -1, 14, -1, 15, -1, 2, -1, 3, -1, 6, -1, 7, -1,
                                       10, -1, 11, -1, 14, -1, 15);
    for (int i = 0; i < kLanes; ++i) {
      store(to + 2 * i * stride, _mm256_srai_epi16(_mm256_shuffle_epi8(fours[i], low), 8));
      store(to + (2 * i + 1) * stride, _mm256_srai_epi16(_mm256_shuffle_epi8(fours[i], high), 8));
    }
  }
};

}  // namespace

Products products_avx2() { return {ProductQ8<Widened>::run, ProductFloats<Avx2>::run}; }

#else

Products products_avx2() { return {}; }

#endif

}  // namespace rerank
