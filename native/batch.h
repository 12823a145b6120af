#pragma once

#include <vector>

#include "functions.h"

namespace rerank {

// Builds a llama_batch of which every array is given: llama.cpp crashes on some that are not.
class Batch {
 public:
  std::vector<int8_t> logits;

  void add(llama_token token, llama_pos position, llama_seq_id sequence, bool output) {
    tokens_.push_back(token);
    positions_.push_back(position);
    sequences_.push_back(sequence);
    counts_.push_back(1);
    logits.push_back(output);
  }

  // Valid until the next change.
  llama_batch view() {
    pointers_.clear();
    for (llama_seq_id& sequence : sequences_) pointers_.push_back(&sequence);
    return {static_cast<int32_t>(tokens_.size()),
            tokens_.data(),
            nullptr,
            positions_.data(),
            counts_.data(),
            pointers_.data(),
            logits.data()};
  }

 private:
  std::vector<llama_token> tokens_;
  std::vector<llama_pos> positions_;
  std::vector<llama_seq_id> sequences_;
  std::vector<int32_t> counts_;
  std::vector<llama_seq_id*> pointers_;
};

}  // namespace rerank
