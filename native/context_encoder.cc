#include "context_core.h"

#include <algorithm>

#include "error.h"
#include "library.h"
#include "log.h"
#include "microbatches.h"

namespace rerank {

// Tokens that a micro-batch lacks to be summed in 32 bits.
int32_t ContextCore::missing_to_tile(size_t tokens) const {
  return options_.flash_attention && !options_.use_gpu ? std::max(0, kTile - static_cast<int32_t>(tokens)) : 0;
}

StatesOutput ContextCore::run_encoder(const Job& job, const std::function<void(int32_t)>& progress) {
  const uint32_t sequences = static_cast<uint32_t>(job.lengths.size());
  std::vector<int32_t> lengths = job.lengths;
  // What is missing to a tile is a sequence that nobody reads.
  if (const int32_t missing = missing_to_tile(job.tokens.size())) lengths.push_back(missing);
  std::vector<int32_t> owner, position;
  for (size_t s = 0; s < lengths.size(); ++s)
    for (int32_t i = 0; i < lengths[s]; ++i) {
      owner.push_back(static_cast<int32_t>(s));
      position.push_back(i);
    }
  Batch batch;
  std::vector<uint8_t> types;
  for (int32_t token : corrections_.order(lengths)) {
    const size_t given = static_cast<size_t>(token) % job.tokens.size();
    batch.add(job.tokens[given], position[token], owner[token], true);
    if (!job.types.empty()) types.push_back(job.types[given]);
  }
  // llama.cpp asserts unless the micro-batch is a multiple of the number of sequences.
  uint32_t room = 1;
  while (room < lengths.size()) room *= 2;
  const uint32_t ubatch = round_up(std::max(static_cast<uint32_t>(batch.logits.size()), options_.ubatch), kMostSequences);
  ensure(ubatch, ubatch, ubatch, room);

  captured_ = nullptr;
  corrections_.begin(lengths, types);
  clear_logged_errors();
  check_return(lib().llama_encode(context_, batch.view()), "llama_encode");
  corrections_.finish();
  StatesOutput output;
  for (uint32_t s = 0; s < sequences; ++s) {
    const float* state = lib().llama_get_embeddings_seq(context_, static_cast<llama_seq_id>(s));
    if (state) output.states.insert(output.states.end(), state, state + outputs_width_);
  }
  progress(static_cast<int32_t>(job.tokens.size()));
  check_states(output.states, sequences, outputs_width_);
  return output;
}

}  // namespace rerank
