#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "corrections.h"
#include "functions.h"
#include "job.h"
#include "model_core.h"

namespace rerank {

enum class States { marked, all, mean };

struct ContextOptions {
  States states = States::marked;
  int threads = 1;
  uint32_t ubatch = 512;
  uint32_t max_tokens = 0;
  bool flash_attention = true;
  bool use_gpu = false;
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
  StatesOutput run_mean(const Job& job, const std::function<void(int32_t)>& progress);
  void ensure(uint32_t tokens, uint32_t ubatch, uint32_t outputs, uint32_t sequences);
  int32_t reusable(const Job& job, const std::vector<int32_t>& ends) const;
  void decode(const Job& job, int32_t begin, int32_t end, std::vector<float>& states);
  void check_return(int32_t rc, const char* function);
  bool evaluate(ggml_tensor* node, bool ask);
  static bool evaluate_callback(ggml_tensor* node, bool ask, void* self);

  std::shared_ptr<llama_model> weights_;
  const ContextOptions options_;
  const int32_t width_, vocabulary_, trained_;
  Corrections corrections_;
  llama_context* context_ = nullptr;
  uint32_t tokens_ = 0, ubatch_ = 0, outputs_ = 0, sequences_ = 0;

  // What the attention cache holds, and where its micro-batches ended.
  std::vector<int32_t> kept_, kept_ends_;
  // Where the callback puts the rows of `result_norm`.
  std::vector<float>* captured_ = nullptr;
  std::exception_ptr callback_error_;
};

}  // namespace rerank
