#include "corrections.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <string>

#include "error.h"
#include "library.h"

namespace rerank {

Corrections::Corrections(const GraphFaults& faults, const GraphPlace& place) : faults_(faults), place_(place) {
  rows_.level = place.level;
}

void Corrections::begin(int32_t position) {
  position_ = position;
  static std::atomic<uint64_t> runs{0};
  run_.number = ++runs;
  lengths_.clear();
  types_.clear();
  filled_ = false;
  attentions_ = gelus_ = additions_ = trimmed_ = 0;
  trimming_ = false;
}

void Corrections::begin(const std::vector<int32_t>& lengths, const std::vector<uint8_t>& types) {
  begin(0);
  lengths_ = lengths;
  types_ = types;
  const std::vector<int32_t> tokens = order(lengths);
  std::vector<int32_t> row_of(tokens.size());
  for (size_t row = 0; row < tokens.size(); ++row) row_of[tokens[row]] = static_cast<int32_t>(row);
  rows_.sequences.clear();
  auto next = row_of.begin();
  for (int32_t length : lengths) {
    rows_.sequences.emplace_back(next, next + length);
    next += length;
  }
}

std::vector<int32_t> Corrections::order(const std::vector<int32_t>& lengths) const {
  std::vector<int32_t> front, rest;
  int32_t token = 0;
  for (int32_t length : lengths)
    for (int32_t i = 0; i < length; ++i) (place_.first_only && i == 0 ? front : rest).push_back(token++);
  front.insert(front.end(), rest.begin(), rest.end());
  return front;
}

void Corrections::apply(ggml_tensor* node) {
  if (trimming_) trim(node);
  switch (node->op) {
    case GGML_OP_FLASH_ATTN_EXT:
    case GGML_OP_SOFT_MAX: attention(node); break;
    case GGML_OP_UNARY: activation(node, GGML_UNARY_OP_GELU, GGML_UNARY_OP_GELU_ERF); break;
    case GGML_OP_GLU: activation(node, GGML_GLU_OP_GEGLU, GGML_GLU_OP_GEGLU_ERF); break;
    case GGML_OP_CUSTOM: again(node); break;
    case GGML_OP_ADD: add_types(node); break;
    case GGML_OP_MUL_MAT:
      if (ggml_custom_op_t multiply = multiplication(node, place_.level)) replace(node, multiply, &run_);
      break;
    default: break;
  }
}

void Corrections::finish() const {
  const auto expect = [](const char* what, int32_t met, int32_t expected) {
    if (met != expected)
      throw Error("INTERNAL", "the graph has " + std::to_string(met) + " " + what + " to correct, expected " +
                                  std::to_string(expected) + ": this release of llama.cpp builds another graph");
  };
  if (faults_.window > 0 || !faults_.slope_factors.empty()) expect("attention nodes", attentions_, place_.layers);
  if (faults_.exact_gelu) expect("GELU nodes", gelus_, place_.layers);
  if (!types_.empty()) expect("additions of token types", additions_, 1);
  if (place_.first_only) expect("last states", trimmed_, 1);
}

// One attention node a layer, in order; with flash attention llama.cpp gives it no name.
void Corrections::attention(ggml_tensor* node) {
  ggml_tensor*& mask = node->src[node->op == GGML_OP_SOFT_MAX ? 1 : 3];
  if (!mask) return;
  const int32_t layer = attentions_++;
  if (attend_ourselves(node)) return;
  const bool windowed = static_cast<size_t>(layer) < faults_.window_layers.size() && faults_.window_layers[layer];
  if (!windowed && faults_.slope_factors.empty()) return;
  if (!filled_) {
    // A graph that runs again has our mask already.
    const ggml_tensor given = *mask;
    if (windowed)
      fill_window(given);
    else
      fill_slopes(given);
    filled_ = true;
  }
  mask = mask_.tensor();
}

bool Corrections::attend_ourselves(ggml_tensor* node) {
  const auto& source = node->src;
  if (!place_.kernels || lengths_.empty() || node->op != GGML_OP_FLASH_ATTN_EXT || source[4]) return false;
  if (source[0]->type != GGML_TYPE_F32 || source[1]->type != GGML_TYPE_F16 || source[2]->type != GGML_TYPE_F16) return false;
  float parameters[3];
  std::memcpy(parameters, node->op_params, sizeof parameters);
  const auto [scale, bias, cap] = parameters;
  if (cap != 0) return false;
  rows_.slopes.clear();
  // ggml's rule for heads beyond a power of two.
  const auto heads = static_cast<int32_t>(source[0]->ne[2]);
  int32_t power = 1;
  while (2 * power <= heads) power *= 2;
  for (int32_t h = 0; bias > 0 && h < heads; ++h) {
    const float exponent = h < power ? -bias * (h + 1) / power : -bias / 2 * (2 * (h - power) + 1) / power;
    const float factor = faults_.slope_factors.empty() ? 1 : faults_.slope_factors[h];
    rows_.slopes.push_back(std::exp2(exponent) * factor);
  }
  Rows* rows = &rows_;
  if (place_.first_only && attentions_ == place_.layers) {
    last_rows_ = rows_;
    last_rows_.first_only = trimming_ = true;
    rows = &last_rows_;
  }
  replace(node, attend, rows);
  std::memcpy(node->op_params + kScale, &scale, sizeof scale);
  return true;
}

// From the last attention on, only the rows in front count. Nodes keep their place in memory.
void Corrections::trim(ggml_tensor* node) {
  const auto rows = static_cast<int64_t>(lengths_.size());
  node->ne[1] = rows;
  if (node->op == GGML_OP_GET_ROWS) {
    outputs_ = *node->src[1];
    outputs_.ne[0] = rows;
    node->src[1] = &outputs_;
  }
  if (std::strcmp(node->name, "result_embd") != 0) return;
  trimming_ = false;
  ++trimmed_;
}

// Makes a node one of ours: ggml keeps what it calls in the node's parameters.
void Corrections::replace(ggml_tensor* node, ggml_custom_op_t function, void* data) {
  struct {
    ggml_custom_op_t function;
    int tasks;
    void* data;
  } own{function, GGML_N_TASKS_MAX, data};
  static_assert(sizeof own <= kScale * sizeof(int32_t), "ggml's part of a node's parameters");
  std::memset(node->op_params, 0, sizeof node->op_params);
  std::memcpy(node->op_params, &own, sizeof own);
  node->op = GGML_OP_CUSTOM;
}

// A node that was made ours when the graph ran before.
void Corrections::again(ggml_tensor* node) {
  ggml_custom_op_t function;
  std::memcpy(&function, node->op_params, sizeof function);
  if (function == attend && ++attentions_ == place_.layers && place_.first_only) {
    const std::vector<float> slopes = last_rows_.slopes;
    last_rows_ = rows_;
    last_rows_.slopes = slopes;
    last_rows_.first_only = trimming_ = true;
  }
  if (function == gelu) ++gelus_;
}

void Corrections::activation(ggml_tensor* node, int32_t given, int32_t exact) {
  if (!faults_.exact_gelu || (node->op_params[0] != given && node->op_params[0] != exact)) return;
  ++gelus_;
  // The second parameter of a gated one is which half is the gate.
  const bool plain = node->op == GGML_OP_UNARY || node->op_params[1] == 0;
  if (place_.kernels && plain && node->type == GGML_TYPE_F32 && node->ne[2] == 1)
    replace(node, gelu, &rows_);
  else
    node->op_params[0] = exact;
}

// The first addition of the graph: row 0 of the types' table to every token.
void Corrections::add_types(ggml_tensor* node) {
  ggml_tensor* second = node->src[1];
  const bool ours = second == type_input_.tensor();
  if (!ours && !(second && second->view_src && std::strcmp(second->view_src->name, "token_types.weight") == 0)) return;
  if (types_.empty()) {
    if (ours) throw Error("INTERNAL", "a batch without token types after one with them");
    return;
  }
  const auto width = static_cast<size_t>(node->ne[0]);
  if (faults_.type_rows.size() != 2 * width || static_cast<size_t>(node->ne[1]) != types_.size())
    throw Error("INTERNAL", "token types do not fit the batch");
  bytes_.resize(types_.size() * width * sizeof(float));
  for (size_t i = 0; i < types_.size(); ++i)
    std::memcpy(bytes_.data() + i * width * sizeof(float), faults_.type_rows.data() + (types_[i] ? width : 0),
                width * sizeof(float));
  type_input_.set(*node->src[0], GGML_TYPE_F32, {node->ne[0], node->ne[1], 1}, bytes_);
  node->src[1] = type_input_.tensor();
  ++additions_;
}

}  // namespace rerank
