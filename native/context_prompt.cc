#include "context_core.h"

#include <algorithm>

#include "error.h"
#include "library.h"
#include "log.h"
#include "microbatches.h"

namespace rerank {

// Keeps what the attention cache holds of these tokens already, by whole micro-batches, and at most `limit` tokens.
int32_t ContextCore::reuse(const Job& job, const std::vector<int32_t>& ends, int32_t limit) {
  const auto same = std::mismatch(kept_.begin(), kept_.end(), job.tokens.begin(), job.tokens.end()).first - kept_.begin();
  limit = std::min<int32_t>(static_cast<int32_t>(same), limit);
  int32_t reused = 0;
  for (size_t i = 0; i < ends.size() && i < kept_ends_.size() && ends[i] == kept_ends_[i] && ends[i] <= limit; ++i)
    reused = ends[i];
  llama_memory_t memory = lib().llama_get_memory(context_);
  for (; branches_ > 0; --branches_) lib().llama_memory_seq_rm(memory, branches_, -1, -1);
  if (reused == 0)
    lib().llama_memory_clear(memory, false);
  else
    lib().llama_memory_seq_rm(memory, 0, reused, -1);
  kept_.assign(job.tokens.begin(), job.tokens.begin() + reused);
  while (!kept_ends_.empty() && kept_ends_.back() > reused) kept_ends_.pop_back();
  return reused;
}

StatesOutput ContextCore::run_causal(const Job& job, const std::function<void(int32_t)>& progress) {
  const int32_t count = static_cast<int32_t>(job.tokens.size());
  const std::vector<int32_t> ends = split(count, job.cuts, static_cast<int32_t>(options_.ubatch));
  int32_t most = 1, begin = 0;
  for (int32_t end : ends) {
    most = std::max(most, options_.states == States::all ? end - begin : rows_between(job.rows, begin, end));
    begin = end;
  }
  // Other numbers of outputs than multiples of 16 put the tensors of the compute buffer off their 64-byte lines: a third slower.
  // The buffer is not touched, so 64 rows cost nothing.
  ensure(count, round_up(options_.ubatch, 16), std::max(64u, round_up(most, 16)), 1);

  StatesOutput output;
  // Rows that are asked for must be computed again, and so must at least one token.
  output.reused = reuse(job, ends, job.rows.front());
  progress(output.reused);
  begin = output.reused;
  for (int32_t end : ends) {
    if (end <= begin) continue;
    decode(job, begin, end, output.states);
    kept_.insert(kept_.end(), job.tokens.begin() + begin, job.tokens.begin() + end);
    kept_ends_.push_back(end);
    begin = end;
    progress(end);
  }
  check_states(output.states, job.rows.size(), width_);
  return output;
}

void ContextCore::decode(const Job& job, int32_t begin, int32_t end, std::vector<float>& states) {
  const int32_t wanted = rows_between(job.rows, begin, end);
  const auto first_row = std::lower_bound(job.rows.begin(), job.rows.end(), begin);
  Batch batch;
  for (int32_t position = begin; position < end; ++position) batch.add(job.tokens[position], position, 0, false);
  for (auto row = first_row; row != first_row + wanted; ++row) batch.logits[*row - begin] = 1;
  if (options_.states == States::all) std::fill(batch.logits.begin(), batch.logits.end(), 1);

  const size_t before = states.size();
  decode(batch, begin, options_.states == States::marked ? &states : nullptr);
  if (options_.states == States::all) {
    for (auto row = first_row; row != first_row + wanted; ++row) {
      const float* state = lib().llama_get_embeddings_ith(context_, *row - begin);
      if (state) states.insert(states.end(), state, state + width_);
    }
  }
  if (states.size() - before != static_cast<size_t>(wanted) * width_)
    throw Error("INTERNAL", "expected " + std::to_string(wanted) + " states from a micro-batch, got " +
                                std::to_string((states.size() - before) / width_));
}

// `states` gets the rows of the tokens that are outputs.
void ContextCore::decode(Batch& batch, int32_t begin, std::vector<float>* states) {
  captured_ = states;
  corrections_.begin(begin);
  clear_logged_errors();
  check_return(lib().llama_decode(context_, batch.view()), "llama_decode");
  corrections_.finish();
}

}  // namespace rerank
