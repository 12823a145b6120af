#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rerank {

// ggml's CPU flash attention sums in 32 bits when it has this many queries at once, and in 16 bits below.
constexpr int32_t kTile = 64;

// Ends of the micro-batches of a prompt: at every cut, and after `ubatch` tokens since the last end; none shorter than a tile if
// the prompt allows it.
std::vector<int32_t> split(int32_t tokens, const std::vector<int32_t>& cuts, int32_t ubatch);

// How many of the ascending rows lie in [begin, end).
int32_t rows_between(const std::vector<int32_t>& rows, int32_t begin, int32_t end);

// Throws INTERNAL unless there are `rows` states of `width` numbers, NON_FINITE unless each is finite and not all zeros.
void check_states(const std::vector<float>& states, size_t rows, size_t width);

}  // namespace rerank
