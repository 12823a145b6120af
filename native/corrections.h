#pragma once

#include <cstdint>
#include <vector>

#include "functions.h"
#include "graph_input.h"
#include "job.h"
#include "kernels.h"
#include "multiply.h"

namespace rerank {

// What llama.cpp's graph of a model lacks.
struct GraphFaults {
  // Which layers attend only to the last `window` positions. llama.cpp reads this from files of some architectures but not of
  // qwen3.
  int32_t window = 0;
  std::vector<bool> window_layers;
  // By what ggml's ALiBi slope of each head has to be multiplied.
  std::vector<float> slope_factors;
  // GELU by the error function; ggml's is an approximation.
  bool exact_gelu = false;
  // Rows 0 and 1 of the token types' table. llama.cpp adds row 0 to every token.
  std::vector<float> type_rows;
};

// Where and how the graph runs.
struct GraphPlace {
  int32_t layers = 0;
  // In this process' memory.
  bool host = false;
  // What our kernels may use.
  Level level = Level::ggml;
  // Encoders whose layers all attend to everything can use our kernels.
  bool kernels = false;
  // Of the last layer, only the first state of each sequence is read.
  bool first_only = false;
};

// Changes nodes of llama.cpp's graph before they run. It relies on this package's contexts: a prompt is one sequence whose cell i
// is position i; a batch for an encoder holds its sequences one after the other.
class Corrections {
 public:
  Corrections(const GraphFaults& faults, const GraphPlace& place);
  Corrections(const Corrections&) = delete;

  // A micro-batch of a prompt that begins at this position is about to run.
  void begin(int32_t position);
  // A batch of sequences is about to run; `types` is empty or has one for each row.
  void begin(const std::vector<int32_t>& lengths, const std::vector<uint8_t>& types);
  // The tokens of a batch in the order of its rows: the first of each sequence in front, where only these are read in the end, so
  // that the last layer need not compute more.
  std::vector<int32_t> order(const std::vector<int32_t>& lengths) const;
  // Asked about every node before it runs.
  void apply(ggml_tensor* node);
  // After the run: throws INTERNAL unless every layer was met, since the graph is then another than the one known here.
  void finish() const;

 private:
  void attention(ggml_tensor* node);
  void activation(ggml_tensor* node, int32_t given, int32_t exact);
  bool attend_ourselves(ggml_tensor* node);
  void replace(ggml_tensor* node, ggml_custom_op_t function, void* data);
  void again(ggml_tensor* node);
  void fill_window(const ggml_tensor& mask);
  void fill_slopes(const ggml_tensor& mask);
  void add_types(ggml_tensor* node);
  void trim(ggml_tensor* node);

  const GraphFaults faults_;
  const GraphPlace place_;
  Rows rows_, last_rows_;
  Run run_;
  ggml_tensor outputs_{};
  bool trimming_ = false;
  int32_t position_ = 0, attentions_ = 0, gelus_ = 0, additions_ = 0, trimmed_ = 0;
  std::vector<int32_t> lengths_;
  std::vector<uint8_t> types_;
  bool filled_ = false;
  GraphInput mask_, type_input_;
  std::vector<uint8_t> bytes_;
};

}  // namespace rerank
