#pragma once

#include <cstdint>
#include <cstring>

#include "level.h"

// Written for compilers that know these processors and turn vectors of any size into what they have. Elsewhere ggml's own are
// used.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12 && defined(__x86_64__) && defined(__linux__)
#define RERANK_KERNELS 1
#endif

#ifdef RERANK_KERNELS

namespace rerank {

template <int lanes> struct Vectors {
  typedef float Floats __attribute__((vector_size(lanes * sizeof(float))));
};

#define RERANK_INLINE inline __attribute__((always_inline))

template <class Floats> RERANK_INLINE void load(Floats& to, const float* from) { std::memcpy(&to, from, sizeof to); }
template <class Floats> RERANK_INLINE void store(float* to, const Floats& from) { std::memcpy(to, &from, sizeof from); }

// exp(x) for x from -87 to 88: 2^n times a polynomial (Cephes' expf), to the last bit or two.
template <class Floats> RERANK_INLINE void exponential(Floats& x) {
  using Ints = decltype(x < x);
  x = x < -87.0f ? Floats{} - 87.0f : x;
  x = x > 88.0f ? Floats{} + 88.0f : x;
  // Adding 1.5 * 2^23 rounds to the nearest integer.
  const Floats shifted = x * 1.44269504088896341f + 12582912.0f;
  const Floats n = shifted - 12582912.0f;
  const Floats r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Floats p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  Ints bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits << 23) + (127 << 23);
  Floats power;
  std::memcpy(&power, &bits, sizeof power);
  x = p * power;
}

template <auto function, class... Arguments>
__attribute__((target("arch=x86-64-v4"))) void with_avx512(Arguments... arguments) {
  function(arguments...);
}
template <auto function, class... Arguments>
__attribute__((target("arch=x86-64-v3"))) void with_avx2(Arguments... arguments) {
  function(arguments...);
}

// Calls a kernel's `run`, which is inlined, in the version for this level: with vectors that fill one of its registers, since
// compilers do badly with larger ones.
template <template <int> class Kernel, class... Arguments> void call(Level level, Arguments... arguments) {
  if (level >= Level::avx512)
    with_avx512<Kernel<16>::run>(arguments...);
  else if (level >= Level::avx2)
    with_avx2<Kernel<8>::run>(arguments...);
  else
    Kernel<4>::run(arguments...);
}

}  // namespace rerank

#endif
