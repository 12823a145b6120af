#include "level.h"

#include "error.h"

#ifdef RERANK_X64
#include <cpuid.h>
#endif

namespace rerank {

namespace {

struct {
  Level level;
  const char* name;
} constexpr kLevels[] = {
    {Level::ggml, "off"}, {Level::plain, "plain"}, {Level::avx2, "avx2"}, {Level::avxvnni, "avxvnni"}, {Level::avx512, "avx512"}};

#ifdef RERANK_X64

// For what older compilers do not know by name.
bool has_bits(unsigned leaf, unsigned part, unsigned in_eax, unsigned in_ecx) {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(leaf, part, &eax, &ebx, &ecx, &edx) && (eax & in_eax) == in_eax && (ecx & in_ecx) == in_ecx;
}

bool has(Level level) {
  static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_bits(1, 0, 0, bit_F16C);
#ifdef RERANK_AVXVNNI
  static const bool avxvnni = avx2 && has_bits(7, 1, 1u << 4, 0);
#else
  constexpr bool avxvnni = false;
#endif
  static const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
  switch (level) {
    case Level::avx2: return avx2;
    case Level::avxvnni: return avxvnni;
    case Level::avx512: return avx512;
    default: return true;
  }
}

#else

bool has(Level level) { return level <= Level::plain; }

#endif

}  // namespace

Level available(Level most) {
  Level best = Level::ggml;
  for (const auto& [level, name] : kLevels)
    if (level <= most && has(level)) best = level;
  return best;
}

Level level_named(const std::string& name) {
  for (const auto& known : kLevels)
    if (name == known.name) return known.level;
  throw Error("INTERNAL", "unknown kernels " + name);
}

const char* name_of(Level level) { return kLevels[static_cast<int>(level)].name; }

}  // namespace rerank
