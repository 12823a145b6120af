#pragma once

#include <cstdint>
#include <vector>

namespace rerank {

// llama.cpp's limit.
constexpr uint32_t kMostSequences = 64;

// What a context computes in one call: NativeJob in src/engine/addon.ts.
struct Job {
  std::vector<int32_t> tokens, lengths, rows, cuts;
  std::vector<uint8_t> types;
};

// Each throws INTERNAL, or CONTEXT_OVERFLOW, for a job on which llama.cpp would crash or compute something else.
void check_tokens(const Job& job, int32_t vocabulary);
// One prompt of at most `most` tokens.
void check_prompt(const Job& job, uint32_t most);
// Sequences of at most `longest` tokens each.
void check_batch(const Job& job, int32_t longest);
// A beginning and the sequences that share it, of at most `longest` tokens together with it.
void check_branches(const Job& job, int32_t longest);

}  // namespace rerank
