#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "functions.h"

namespace rerank {

struct ModelOptions {
  int gpu_layers = 0;
  bool use_gpu = false;
  bool mmap = false;
};

// Which layers attend only to the last `size` positions. llama.cpp reads these keys for some architectures but not for qwen3.
struct SlidingWindow {
  int size = 0;
  std::vector<bool> layers;
};

// The weights and vocabulary of one file. load() once; afterwards const and safe to use from several threads.
class ModelCore {
 public:
  // Throws MODEL_LOAD_FAILED, or ABORTED when `aborted` was set meanwhile.
  void load(const std::string& path, const ModelOptions& options, const std::function<void(float)>& progress);

  // Appends the ids of each text and their number. No control or user-defined token is recognised in a text.
  void tokenize(const std::vector<std::string>& texts, std::vector<int32_t>& ids, std::vector<int32_t>& lengths) const;

  // A character that the last id cuts in half is left out.
  std::string detokenize(const int32_t* ids, size_t count) const;

  void free() { model_.reset(); }
  bool loaded() const { return model_ != nullptr; }
  std::shared_ptr<llama_model> weights() const { return model_; }
  const llama_vocab* vocab() const { return vocab_; }
  const SlidingWindow& window() const { return window_; }

  std::atomic<bool> aborted{false};

 private:
  void read_window(const std::string& path);
  void tokenize_piece(const char* text, size_t size, std::vector<int32_t>& ids) const;

  std::shared_ptr<llama_model> model_;
  const llama_vocab* vocab_ = nullptr;
  std::vector<std::string> user_defined_;
  SlidingWindow window_;
};

std::string metadata_value(const llama_model* model, const std::string& key);

}  // namespace rerank
