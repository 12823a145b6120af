#pragma once

#include <string>

// Compilers for which the products are written.
#if defined(__GNUC__) && defined(__x86_64__) && defined(__linux__)
#define RERANK_X64 1
#if defined(__clang__) ? __clang_major__ >= 13 : __GNUC__ >= 12
#define RERANK_AVXVNNI 1
#endif
#endif

namespace rerank {

// What our kernels may use of a processor, each with what precedes it. `ggml`: nothing, there are none of ours. `plain`: what
// every processor has. `avx2`: with FMA and F16C. `avxvnni`: products of 8 bits in the same registers. `avx512`: with VNNI.
enum class Level { ggml, plain, avx2, avxvnni, avx512 };

// The most that this processor and this build have, up to `most`.
Level available(Level most);

// "off", "plain", "avx2", "avxvnni", "avx512". Throws INTERNAL for other names.
Level level_named(const std::string& name);
const char* name_of(Level level);

}  // namespace rerank
