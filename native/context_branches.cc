#include "context_core.h"

#include <algorithm>

#include "error.h"
#include "library.h"
#include "log.h"
#include "microbatches.h"

namespace rerank {

// The beginning is decoded once as sequence 0 and shared by all others; what is missing to a tile is a sequence of its own that
// nobody reads.
StatesOutput ContextCore::run_branches(const Job& job, const std::function<void(int32_t)>& progress) {
  const int32_t shared = job.lengths.front();
  const int32_t count = static_cast<int32_t>(job.tokens.size());
  const int32_t sequences = static_cast<int32_t>(job.lengths.size()) - 1;
  const int32_t ubatch = std::max(static_cast<int32_t>(options_.ubatch), kTile);
  const std::vector<int32_t> ends = split(shared, {}, ubatch);
  ensure(count + kTile, round_up(ubatch, 16), kMostSequences, kMostSequences);
  llama_memory_t memory = lib().llama_get_memory(context_);
  const auto filler = static_cast<llama_seq_id>(kMostSequences) - 1;
  const auto run = [&](Batch& batch, std::vector<float>* states) {
    const int32_t missing = missing_to_tile(batch.logits.size());
    for (int32_t i = 0; i < missing; ++i) batch.add(job.tokens[i % count], i, filler, false);
    decode(batch, 0, states);
    if (missing > 0) lib().llama_memory_seq_rm(memory, filler, -1, -1);
  };

  StatesOutput output;
  output.reused = reuse(job, ends, shared);
  branches_ = filler;
  progress(output.reused);
  int32_t begin = output.reused;
  for (int32_t end : ends) {
    if (end <= begin) continue;
    Batch batch;
    for (int32_t i = begin; i < end; ++i) batch.add(job.tokens[i], i, 0, false);
    // llama.cpp warns about a batch without outputs, and computes one.
    batch.logits[end - begin - 1] = 1;
    std::vector<float> unread;
    run(batch, &unread);
    kept_.insert(kept_.end(), job.tokens.begin() + begin, job.tokens.begin() + end);
    kept_ends_.push_back(end);
    begin = end;
    progress(end);
  }

  std::vector<int32_t> owner, position;
  for (int32_t s = 1; s <= sequences; ++s) {
    if (shared > 0) lib().llama_memory_seq_cp(memory, 0, s, -1, -1);
    for (int32_t i = 0; i < job.lengths[s]; ++i) {
      owner.push_back(s);
      position.push_back(shared + i);
    }
  }
  int32_t at = 0;
  for (int32_t end : split(count - shared, {}, ubatch)) {
    Batch batch;
    for (; at < end; ++at)
      batch.add(job.tokens[shared + at], position[at], owner[at], position[at] == shared + job.lengths[owner[at]] - 1);
    run(batch, &output.states);
    progress(shared + end);
  }
  check_states(output.states, sequences, width_);
  return output;
}

}  // namespace rerank
