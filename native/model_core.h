#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "corrections.h"
#include "functions.h"
#include "model_file.h"

namespace rerank {

struct ModelOptions {
  int gpu_layers = 0;
  bool use_gpu = false;
  bool mmap = false;
  GraphFaults faults;
};

// The weights and vocabulary of one file. load() once; afterwards const and safe to use from several threads.
class ModelCore {
 public:
  // Throws MODEL_LOAD_FAILED, MODEL_CHANGED or MODEL_UNREADABLE, or ABORTED when `aborted` was set meanwhile.
  void load(const ModelFile& file, const ModelOptions& options, const std::function<void(float)>& progress);

  // Appends the ids of each text and their number. No control or user-defined token is recognised in a text.
  void tokenize(const std::vector<std::string>& texts, std::vector<int32_t>& ids, std::vector<int32_t>& lengths) const;

  // A character that the last id cuts in half is left out.
  std::string detokenize(const int32_t* ids, size_t count) const;

  void free() { model_.reset(); }
  bool loaded() const { return model_ != nullptr; }
  std::shared_ptr<llama_model> weights() const { return model_; }
  const llama_vocab* vocab() const { return vocab_; }
  const GraphFaults& faults() const { return faults_; }

  std::atomic<bool> aborted{false};

 private:
  void tokenize_piece(const char* text, size_t size, std::vector<int32_t>& ids) const;

  std::shared_ptr<llama_model> model_;
  const llama_vocab* vocab_ = nullptr;
  std::vector<std::string> user_defined_;
  GraphFaults faults_;
};

}  // namespace rerank
