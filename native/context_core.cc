#include "context_core.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "error.h"
#include "library.h"
#include "log.h"
#include "microbatches.h"

namespace rerank {

namespace {

GraphPlace place(const llama_model* model, const ContextOptions& options) {
  GraphPlace place{lib().llama_model_n_layer(model), !options.use_gpu};
  if (place.host) place.level = available(options.kernels);
  // Pooling by ModernBERT's head takes the mean, and its layers have windows, which leaves it out here.
  place.kernels =
      has_kernels() && place.level != Level::ggml && !is_causal(options.states) && lib().llama_model_n_swa(model) == 0;
  place.first_only =
      place.kernels && options.flash_attention && (options.states == States::first || options.states == States::rank);
  return place;
}

enum llama_pooling_type pooling(States states) {
  switch (states) {
    case States::mean: return LLAMA_POOLING_TYPE_MEAN;
    case States::first: return LLAMA_POOLING_TYPE_CLS;
    case States::rank: return LLAMA_POOLING_TYPE_RANK;
    default: return LLAMA_POOLING_TYPE_NONE;
  }
}

}  // namespace

ContextCore::ContextCore(const ModelCore& model, const ContextOptions& options)
    : weights_(model.weights()), options_(options), width_(lib().llama_model_n_embd(weights_.get())),
      outputs_width_(options.states == States::rank ? static_cast<int32_t>(lib().llama_model_n_cls_out(weights_.get())) : width_),
      vocabulary_(lib().llama_vocab_n_tokens(model.vocab())), trained_(lib().llama_model_n_ctx_train(weights_.get())),
      corrections_(model.faults(), place(weights_.get(), options)) {
  if (options.states == States::last && model.faults().window > 0)
    throw Error("INTERNAL", "sequences with a shared beginning cannot have a sliding window");
}

ContextCore::~ContextCore() { free(); }

void ContextCore::free() {
  if (context_) lib().llama_free(context_);
  context_ = nullptr;
  tokens_ = ubatch_ = outputs_ = sequences_ = 0;
  kept_.clear();
  kept_ends_.clear();
  branches_ = 0;
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
  params.embeddings = options_.states != States::marked && options_.states != States::last;
  params.pooling_type = pooling(options_.states);
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
  if (options_.states == States::last)
    check_branches(job, static_cast<int32_t>(options_.max_tokens));
  else if (is_causal(options_.states))
    check_prompt(job, options_.max_tokens);
  else
    check_batch(job, trained_);
  // Whatever goes wrong, the next call begins with an empty context; after an abort the finished micro-batches stay.
  try {
    if (options_.states == States::last) return run_branches(job, progress);
    return is_causal(options_.states) ? run_causal(job, progress) : run_encoder(job, progress);
  } catch (const Error& e) {
    if (std::strcmp(e.code, "ABORTED") != 0) free();
    throw;
  } catch (...) {
    free();
    throw;
  }
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
