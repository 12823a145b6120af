#include "job.h"

#include <string>

#include "error.h"

namespace rerank {

void check_tokens(const Job& job, int32_t vocabulary) {
  if (job.tokens.empty()) throw Error("INTERNAL", "a job without tokens");
  for (int32_t id : job.tokens)
    if (id < 0 || id >= vocabulary) throw Error("INTERNAL", "token id " + std::to_string(id) + " is not in the vocabulary");
}

void check_prompt(const Job& job, uint32_t most) {
  const int32_t count = static_cast<int32_t>(job.tokens.size());
  if (job.tokens.size() > most)
    throw Error("CONTEXT_OVERFLOW",
                "the prompt has " + std::to_string(count) + " tokens, the context may hold " + std::to_string(most));
  if (job.rows.empty()) throw Error("INTERNAL", "a job without rows");
  int32_t previous = -1;
  for (int32_t row : job.rows) {
    if (row <= previous || row >= count) throw Error("INTERNAL", "rows must ascend within the prompt");
    previous = row;
  }
  previous = 0;
  for (int32_t cut : job.cuts) {
    if (cut <= previous || cut >= count) throw Error("INTERNAL", "cuts must ascend within the prompt");
    previous = cut;
  }
}

void check_batch(const Job& job, int32_t longest) {
  if (job.lengths.empty() || job.lengths.size() > kMostSequences) throw Error("INTERNAL", "a batch holds 1 to 64 sequences");
  size_t sum = 0;
  for (int32_t length : job.lengths) {
    if (length < 1) throw Error("INTERNAL", "a sequence without tokens");
    // A position past the learned ones makes llama.cpp stop the process.
    if (length > longest)
      throw Error("CONTEXT_OVERFLOW",
                  "a text has " + std::to_string(length) + " tokens, the model was made for " + std::to_string(longest));
    sum += static_cast<size_t>(length);
  }
  if (sum != job.tokens.size()) throw Error("INTERNAL", "lengths do not cover the tokens");
  if (!job.types.empty() && job.types.size() != sum) throw Error("INTERNAL", "token types do not cover the tokens");
}

void check_branches(const Job& job, int32_t longest) {
  if (job.lengths.size() < 2 || job.lengths.size() > kMostSequences || job.lengths.front() < 0)
    throw Error("INTERNAL", "a beginning is followed by 1 to 63 sequences");
  size_t sum = static_cast<size_t>(job.lengths.front());
  for (size_t s = 1; s < job.lengths.size(); ++s) {
    if (job.lengths[s] < 1) throw Error("INTERNAL", "a sequence without tokens");
    const int64_t length = static_cast<int64_t>(job.lengths.front()) + job.lengths[s];
    if (length > longest)
      throw Error("CONTEXT_OVERFLOW",
                  "a prompt has " + std::to_string(length) + " tokens, the context may hold " + std::to_string(longest));
    sum += static_cast<size_t>(job.lengths[s]);
  }
  if (sum != job.tokens.size()) throw Error("INTERNAL", "lengths do not cover the tokens");
}

}  // namespace rerank
