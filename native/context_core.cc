#include "context_core.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "batch.h"
#include "error.h"
#include "library.h"
#include "log.h"
#include "microbatches.h"

namespace rerank {

namespace {

uint32_t round_up(uint32_t value, uint32_t step) { return (value + step - 1) / step * step; }

}  // namespace

ContextCore::ContextCore(const ModelCore& model, const ContextOptions& options)
    : weights_(model.weights()), options_(options), width_(lib().llama_model_n_embd(weights_.get())),
      vocabulary_(lib().llama_vocab_n_tokens(model.vocab())), trained_(lib().llama_model_n_ctx_train(weights_.get())),
      corrections_(model.window()) {}

ContextCore::~ContextCore() { free(); }

void ContextCore::free() {
  if (context_) lib().llama_free(context_);
  context_ = nullptr;
  tokens_ = ubatch_ = outputs_ = sequences_ = 0;
  kept_.clear();
  kept_ends_.clear();
}

// A context as small as possible that holds this much; what is large enough stays.
void ContextCore::ensure(uint32_t tokens, uint32_t ubatch, uint32_t outputs, uint32_t sequences) {
  if (context_ && tokens_ >= tokens && ubatch_ >= ubatch && outputs_ >= outputs && sequences_ >= sequences) return;
  // Growing by half of what is there keeps a slowly growing list of prompts from making a new context each time.
  tokens = tokens <= tokens_ ? tokens_ : std::max(tokens, std::min(tokens_ + tokens_ / 2, options_.max_tokens));
  ubatch = std::max(ubatch, ubatch_);
  outputs = std::max(outputs, outputs_);
  sequences = std::max(sequences, sequences_);
  free();

  llama_context_params params = lib().llama_context_default_params();
  params.n_ctx = round_up(tokens, 256);
  params.n_batch = params.n_ubatch = ubatch;
  params.n_seq_max = sequences;
  params.n_outputs_max = outputs;
  params.n_threads = params.n_threads_batch = options_.threads;
  params.flash_attn_type = options_.flash_attention ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
  params.type_k = params.type_v = options_.cache_type;
  params.embeddings = options_.states != States::marked;
  params.pooling_type = options_.states == States::mean ? LLAMA_POOLING_TYPE_MEAN : LLAMA_POOLING_TYPE_NONE;
  params.offload_kqv = options_.use_gpu;
  params.op_offload = options_.use_gpu;
  params.no_perf = true;
  params.kv_unified = true;
  params.cb_eval = evaluate_callback;
  params.cb_eval_user_data = this;
  params.abort_callback = [](void* self) { return static_cast<ContextCore*>(self)->aborted.load(); };
  params.abort_callback_data = this;

  clear_logged_errors();
  context_ = lib().llama_init_from_model(weights_.get(), params);
  if (!context_)
    throw Error("INSUFFICIENT_MEMORY", "llama.cpp could not make a context of " + std::to_string(params.n_ctx) +
                                           " tokens: lower contextSize or free memory. " + logged_errors());
  tokens_ = params.n_ctx;
  ubatch_ = ubatch;
  outputs_ = outputs;
  sequences_ = sequences;
}

StatesOutput ContextCore::run(const Job& job, const std::function<void(int32_t)>& progress) {
  check_tokens(job, vocabulary_);
  if (options_.states == States::mean)
    check_batch(job, trained_);
  else
    check_prompt(job, options_.max_tokens);
  // Whatever goes wrong, the next call begins with an empty context; after an abort the finished micro-batches stay.
  try {
    return options_.states == States::mean ? run_mean(job, progress) : run_causal(job, progress);
  } catch (const Error& e) {
    if (std::strcmp(e.code, "ABORTED") != 0) free();
    throw;
  } catch (...) {
    free();
    throw;
  }
}

int32_t ContextCore::reusable(const Job& job, const std::vector<int32_t>& ends) const {
  const auto same = std::mismatch(kept_.begin(), kept_.end(), job.tokens.begin(), job.tokens.end()).first - kept_.begin();
  // Rows that are asked for must be computed again, and so must at least one token.
  const int32_t limit = std::min<int32_t>(static_cast<int32_t>(same), job.rows.front());
  int32_t reused = 0;
  for (size_t i = 0; i < ends.size() && i < kept_ends_.size() && ends[i] == kept_ends_[i] && ends[i] <= limit; ++i)
    reused = ends[i];
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
  output.reused = reusable(job, ends);
  llama_memory_t memory = lib().llama_get_memory(context_);
  if (output.reused == 0)
    lib().llama_memory_clear(memory, false);
  else
    lib().llama_memory_seq_rm(memory, 0, output.reused, -1);
  kept_.assign(job.tokens.begin(), job.tokens.begin() + output.reused);
  while (!kept_ends_.empty() && kept_ends_.back() > output.reused) kept_ends_.pop_back();

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
  captured_ = options_.states == States::marked ? &states : nullptr;
  corrections_.begin(begin);
  clear_logged_errors();
  check_return(lib().llama_decode(context_, batch.view()), "llama_decode");
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

StatesOutput ContextCore::run_mean(const Job& job, const std::function<void(int32_t)>& progress) {
  const uint32_t count = static_cast<uint32_t>(job.tokens.size());
  const uint32_t sequences = static_cast<uint32_t>(job.lengths.size());
  // llama.cpp asserts unless the micro-batch is a multiple of the number of sequences.
  uint32_t room = 1;
  while (room < sequences) room *= 2;
  const uint32_t ubatch = round_up(std::max(count, options_.ubatch), kMostSequences);
  ensure(ubatch, ubatch, ubatch, room);
  Batch batch;
  size_t at = 0;
  for (size_t s = 0; s < job.lengths.size(); ++s)
    for (int32_t position = 0; position < job.lengths[s]; ++position)
      batch.add(job.tokens[at++], position, static_cast<llama_seq_id>(s), true);

  captured_ = nullptr;
  clear_logged_errors();
  check_return(lib().llama_encode(context_, batch.view()), "llama_encode");
  StatesOutput output;
  for (uint32_t s = 0; s < sequences; ++s) {
    const float* state = lib().llama_get_embeddings_seq(context_, static_cast<llama_seq_id>(s));
    if (state) output.states.insert(output.states.end(), state, state + width_);
  }
  progress(static_cast<int32_t>(count));
  check_states(output.states, sequences, width_);
  return output;
}

void ContextCore::check_return(int32_t rc, const char* function) {
  const std::string logged = logged_errors();
  if (callback_error_) std::rethrow_exception(std::exchange(callback_error_, nullptr));
  if (aborted) {
    if (rc != 0 && rc != 2) free();
    throw Error("ABORTED", "the call was cancelled");
  }
  if (rc == 0 && (logged.empty() || !options_.use_gpu)) return;
  const std::string what = std::string(function) + " answered " + std::to_string(rc) + (logged.empty() ? "" : ": " + logged);
  // Metal logs a failed command buffer and still answers 0.
  if (rc == 0 || (rc == -3 && options_.use_gpu)) throw Error("GPU_FAILED", what);
  if (rc == 1) throw Error("CONTEXT_OVERFLOW", what + " (no room in the attention cache)");
  if (rc == -1) throw Error("INTERNAL", what + " (it refused the batch)");
  if (rc == -2) throw Error("INSUFFICIENT_MEMORY", what + " (allocation failed)");
  throw Error("NATIVE_ERROR", what);
}

bool ContextCore::evaluate_callback(ggml_tensor* node, bool ask, void* data) {
  auto* self = static_cast<ContextCore*>(data);
  try {
    return self->evaluate(node, ask);
  } catch (...) {
    // Nothing may be thrown through llama.cpp.
    self->callback_error_ = std::current_exception();
    self->aborted = true;
    return false;
  }
}

// llama.cpp asks before a node runs whether we want to see it, and shows it afterwards; answering false then ends the graph, so
// that the product with the whole vocabulary, which follows result_norm, never runs.
bool ContextCore::evaluate(ggml_tensor* node, bool ask) {
  if (ask) {
    corrections_.apply(node);
    return captured_ && std::strcmp(node->name, "result_norm") == 0;
  }
  const size_t before = captured_->size();
  captured_->resize(before + lib().ggml_nbytes(node) / sizeof(float));
  if (captured_->size() > before) lib().ggml_backend_tensor_get(node, captured_->data() + before, 0, lib().ggml_nbytes(node));
  return false;
}

}  // namespace rerank
