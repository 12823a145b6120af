#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "batch.h"
#include "corrections.h"
#include "functions.h"
#include "job.h"
#include "level.h"
#include "model_core.h"

namespace rerank {

enum class States { marked, all, last, mean, first, rank };

// Whether sequences are read from left to right, and their keys and values kept.
inline bool is_causal(States states) { return states == States::marked || states == States::all || states == States::last; }

inline uint32_t round_up(uint32_t value, uint32_t step) { return (value + step - 1) / step * step; }

struct ContextOptions {
  States states = States::marked;
  int threads = 1;
  uint32_t ubatch = 512;
  uint32_t max_tokens = 0;
  bool flash_attention = true;
  bool use_gpu = false;
  // The most that kernels of ours may use.
  Level kernels = Level::avx512;
  ggml_type cache_type = GGML_TYPE_F16;
};

struct StatesOutput {
  std::vector<float> states;
  int32_t reused = 0;
};

// One llama_context that grows with what it is given. Used by one thread; `aborted` may be set from another.
class ContextCore {
 public:
  ContextCore(const ModelCore& model, const ContextOptions& options);
  ~ContextCore();
  ContextCore(const ContextCore&) = delete;

  StatesOutput run(const Job& job, const std::function<void(int32_t)>& progress);
  void free();

  std::atomic<bool> aborted{false};

 private:
  StatesOutput run_causal(const Job& job, const std::function<void(int32_t)>& progress);
  StatesOutput run_branches(const Job& job, const std::function<void(int32_t)>& progress);
  StatesOutput run_encoder(const Job& job, const std::function<void(int32_t)>& progress);
  int32_t missing_to_tile(size_t tokens) const;
  int32_t reuse(const Job& job, const std::vector<int32_t>& ends, int32_t limit);
  void ensure(uint32_t tokens, uint32_t ubatch, uint32_t outputs, uint32_t sequences);
  void decode(const Job& job, int32_t begin, int32_t end, std::vector<float>& states);
  void decode(Batch& batch, int32_t begin, std::vector<float>* states);
  void check_return(int32_t rc, const char* function);
  bool evaluate(ggml_tensor* node, bool ask);
  static bool evaluate_callback(ggml_tensor* node, bool ask, void* self);

  std::shared_ptr<llama_model> weights_;
  const ContextOptions options_;
  const int32_t width_, outputs_width_, vocabulary_, trained_;
  Corrections corrections_;
  llama_context* context_ = nullptr;
  uint32_t tokens_ = 0, ubatch_ = 0, outputs_ = 0, sequences_ = 0;

  // What the attention cache holds, and where its micro-batches ended.
  std::vector<int32_t> kept_, kept_ends_;
  // Sequences besides the first that it may hold.
  int32_t branches_ = 0;
  // Where the callback puts the rows of `result_norm`.
  std::vector<float>* captured_ = nullptr;
  std::exception_ptr callback_error_;
};

}  // namespace rerank
