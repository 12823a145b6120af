#include "multiply.h"

#ifdef RERANK_AVXVNNI
#define RERANK_TARGET __attribute__((target("avx2,fma,f16c,avxvnni")))
#include "avx2.h"
#include "multiply_q8.h"
#endif

namespace rerank {

#ifdef RERANK_AVXVNNI

namespace {

struct AvxVnni : Avx2 {
  using Number = int8_t;
  // The instruction wants weights without a sign.
  static constexpr int32_t kAdded = 128;

  __attribute__((target("avx2,avxvnni"), always_inline)) static inline Ints add_dot(Ints sum, Ints weights, Ints row) {
    return _mm256_dpbusd_avx_epi32(sum, weights, row);
  }

  RERANK_AVX2 void pack_block(const char* block, size_t row, int32_t* to, int64_t stride) {
    Ints fours[kLanes];
    by_fours(block, row, fours);
    for (int i = 0; i < kLanes; ++i) store(to + i * stride, _mm256_xor_si256(fours[i], _mm256_set1_epi8(-128)));
  }
};

}  // namespace

Products products_avxvnni() { return {ProductQ8<AvxVnni>::run, products_avx2().floats}; }

#else

Products products_avxvnni() { return products_avx2(); }

#endif

}  // namespace rerank
