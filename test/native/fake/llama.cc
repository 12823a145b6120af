// A llama.cpp for tests, whose faults the model's file name chooses: see script.h.
//
// A state depends on all tokens before it, so that a cache which was not cleared after a fault gives other states.

#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "llama.h"

#include "ggml-backend.h"

#include "script.h"

namespace {

constexpr int kWidth = 8;
constexpr int kTokens = 258;

ggml_log_callback log_callback = nullptr;
ggml_abort_callback_t abort_callback = nullptr;
int models = 0, contexts = 0;

// ggml-metal stops the process like this when a buffer is alive in its static destructors.
struct AtExit {
  ~AtExit() {
    if (models + contexts == 0) return;
    std::fprintf(stderr, "fake llama.cpp: %d models and %d contexts are alive at exit\n", models, contexts);
    std::abort();
  }
} at_exit;

void log_error(const char* line) {
  if (log_callback) log_callback(GGML_LOG_LEVEL_ERROR, line, nullptr);
}

uint64_t chain(uint64_t before, llama_token token) {
  return (before ^ static_cast<uint64_t>(token + 1)) * 0x9E3779B97F4A7C15ull + 0x1234567;
}

int32_t copy(const std::string& text, char* buffer, size_t size) { return std::snprintf(buffer, size, "%s", text.c_str()); }

const char* const metadata[][2] = {{"general.architecture", "bert"}, {"bert.pooling_type", "1"}, {"bert.block_count", "1"}};

}  // namespace

struct llama_model {
  Script script;
  explicit llama_model(Script&& script) : script(std::move(script)) { ++models; }
  ~llama_model() { --models; }
};

struct llama_context {
  llama_model* model;
  llama_context_params params;
  std::map<llama_seq_id, std::vector<uint64_t>> cells;
  std::vector<float> rows;
  bool broken = false;
  llama_context(llama_model* model, llama_context_params params) : model(model), params(params) { ++contexts; }
  ~llama_context() { --contexts; }

  bool wait(const std::string& action) {
    return ::wait(action, [this] { return !params.abort_callback(params.abort_callback_data); });
  }

  // Once a compute has failed, the context is good for nothing.
  int32_t outcome(const std::string& action) {
    const int rc = broken ? -3 : std::atoi(action.find("ms") == std::string::npos ? action.c_str() : "0");
    broken = true;
    raise(action);
    broken = rc != 0;
    if (action == "assert") {
      abort_callback("fake.cc:1: GGML_ASSERT(false) failed");
      std::abort();
    }
    if (action == "log") log_error("fake: the device was lost\n");
    return rc;
  }

  void add_row(uint64_t state) {
    for (int i = 0; i < kWidth; ++i) rows.push_back(static_cast<float>((state >> (8 * i)) & 255) + 1);
  }

  void spoil(const std::string& action) {
    if (rows.empty()) return;
    if (action == "few") rows.resize(rows.size() - kWidth);
    if (action == "many") rows.insert(rows.end(), kWidth, 1.0f);
    if (action == "nan") rows.back() = NAN;
    if (action == "zeros") std::fill(rows.end() - kWidth, rows.end(), 0.0f);
  }

  void show() {
    ggml_tensor node{};
    std::strcpy(node.name, "result_norm");
    node.ne[0] = kWidth;
    node.ne[1] = static_cast<int64_t>(rows.size() / kWidth);
    node.data = rows.data();
    if (params.cb_eval(&node, true, params.cb_eval_user_data)) params.cb_eval(&node, false, params.cb_eval_user_data);
  }
};

const char* llama_version() {
  const char* version = std::getenv("FAKE_LLAMA_VERSION");
  return version ? version : "0.4.0-dev";
}
#ifndef FAKE_INCOMPLETE
void llama_backend_init() {}
#endif
ggml_abort_callback_t ggml_set_abort_callback(ggml_abort_callback_t callback) {
  abort_callback = callback;
  return nullptr;
}
void llama_log_set(ggml_log_callback callback, void*) { log_callback = callback; }

llama_model_params llama_model_default_params() { return {}; }
llama_model* llama_model_load_from_file(const char* path, llama_model_params params) {
  auto* model = new llama_model{read_script(path)};
  const std::string action = next(model->script, "load");
  bool done = action != "null" && params.progress_callback(0, params.progress_callback_user_data);
  try {
    raise(action);
    done = done && wait(action, [&] { return params.progress_callback(0.5, params.progress_callback_user_data); });
  } catch (...) {
    delete model;
    throw;
  }
  if (done) return model;
  log_error("fake: no such model\n");
  delete model;
  return nullptr;
}
// Which file it is, the system tells from the descriptor.
llama_model* llama_model_load_from_file_ptr(FILE* file, llama_model_params params) {
  char path[4096] = {};
#ifdef __APPLE__
  if (fcntl(fileno(file), F_GETPATH, path) != 0) return nullptr;
#else
  if (readlink(("/proc/self/fd/" + std::to_string(fileno(file))).c_str(), path, sizeof path - 1) < 0) return nullptr;
#endif
  return llama_model_load_from_file(path, params);
}
void llama_model_free(llama_model* model) { delete model; }
const llama_vocab* llama_model_get_vocab(const llama_model* model) { return reinterpret_cast<const llama_vocab*>(model); }
int32_t llama_model_n_embd(const llama_model*) { return kWidth; }
int32_t llama_model_n_layer(const llama_model*) { return 1; }
int32_t llama_model_n_swa(const llama_model*) { return 0; }
int32_t llama_model_n_ctx_train(const llama_model*) { return 4096; }
uint64_t llama_model_n_params(const llama_model*) { return 1; }
uint32_t llama_model_n_cls_out(const llama_model*) { return 0; }
uint64_t llama_model_size(const llama_model*) { return 1; }
int32_t llama_model_desc(const llama_model*, char* buffer, size_t size) { return copy("fake", buffer, size); }
int32_t llama_model_meta_count(const llama_model*) { return sizeof metadata / sizeof *metadata; }
int32_t llama_model_meta_key_by_index(const llama_model*, int32_t i, char* buffer, size_t size) {
  return copy(metadata[i][0], buffer, size);
}
int32_t llama_model_meta_val_str_by_index(const llama_model*, int32_t i, char* buffer, size_t size) {
  return copy(metadata[i][1], buffer, size);
}
llama_model_quantize_params llama_model_quantize_default_params() { return {}; }
uint32_t llama_model_quantize(const char*, const char*, const llama_model_quantize_params*) { throw 42; }

int32_t llama_vocab_n_tokens(const llama_vocab*) { return kTokens; }
const char* llama_vocab_get_text(const llama_vocab*, llama_token id) { return id == 256 ? "<s>" : "</s>"; }
llama_token_attr llama_vocab_get_attr(const llama_vocab*, llama_token id) {
  return id < 256 ? LLAMA_TOKEN_ATTR_NORMAL : LLAMA_TOKEN_ATTR_CONTROL;
}
llama_token llama_vocab_bos(const llama_vocab*) { return 256; }
llama_token llama_vocab_eos(const llama_vocab*) { return 257; }
llama_token llama_vocab_sep(const llama_vocab*) { return 257; }
int32_t llama_tokenize(const llama_vocab* vocab, const char* text, int32_t size, llama_token* ids, int32_t room, bool, bool) {
  auto& script = const_cast<llama_model*>(reinterpret_cast<const llama_model*>(vocab))->script;
  const std::string action = next(script, "tokenize");
  raise(action);
  wait(action, [] { return true; });
  if (size > room) return -size;
  for (int32_t i = 0; i < size; ++i) ids[i] = static_cast<unsigned char>(text[i]);
  return size;
}
int32_t llama_token_to_piece(const llama_vocab*, llama_token id, char* piece, int32_t, int32_t, bool) {
  *piece = static_cast<char>(id);
  return 1;
}

llama_context_params llama_context_default_params() { return {}; }
llama_context* llama_init_from_model(llama_model* model, llama_context_params params) {
  const std::string action = next(model->script, "init");
  raise(action);
  if (action != "null") return new llama_context(model, params);
  log_error("fake: no memory for the attention cache\n");
  return nullptr;
}
void llama_free(llama_context* context) { delete context; }
llama_memory_t llama_get_memory(const llama_context* context) {
  return reinterpret_cast<llama_memory_t>(const_cast<llama_context*>(context));
}
void llama_memory_clear(llama_memory_t memory, bool) { reinterpret_cast<llama_context*>(memory)->cells.clear(); }
bool llama_memory_seq_rm(llama_memory_t memory, llama_seq_id sequence, llama_pos begin, llama_pos) {
  reinterpret_cast<llama_context*>(memory)->cells[sequence].resize(static_cast<size_t>(begin < 0 ? 0 : begin));
  return true;
}
void llama_memory_seq_cp(llama_memory_t memory, llama_seq_id from, llama_seq_id to, llama_pos, llama_pos) {
  auto& cells = reinterpret_cast<llama_context*>(memory)->cells;
  cells[to] = cells[from];
}

int32_t llama_decode(llama_context* context, llama_batch batch) {
  const std::string action = next(context->model->script, "decode");
  if (!context->wait(action) || action == "2") return 2;
  context->rows.clear();
  for (int32_t i = 0; i < batch.n_tokens; ++i) {
    auto& cells = context->cells[*batch.seq_id[i]];
    if (batch.pos[i] != static_cast<llama_pos>(cells.size())) return -1;
    cells.push_back(chain(cells.empty() ? 0 : cells.back(), batch.token[i]));
    if (batch.logits[i]) context->add_row(cells.back());
  }
  const int32_t rc = context->outcome(action);
  context->spoil(action);
  if (rc == 0) context->show();
  return rc;
}
int32_t llama_encode(llama_context* context, llama_batch batch) {
  const std::string action = next(context->model->script, "encode");
  if (!context->wait(action)) return 2;
  context->rows.clear();
  uint64_t state = 0;
  for (int32_t i = 0; i < batch.n_tokens; ++i) {
    state = chain(batch.pos[i] == 0 ? 0 : state, batch.token[i]);
    if (i + 1 == batch.n_tokens || batch.pos[i + 1] == 0) context->add_row(state);
  }
  // Its one layer has an activation, which the addon counts.
  ggml_tensor node{};
  node.op = GGML_OP_UNARY;
  node.op_params[0] = GGML_UNARY_OP_GELU;
  context->params.cb_eval(&node, true, context->params.cb_eval_user_data);
  const int32_t rc = context->outcome(action);
  context->spoil(action);
  return rc;
}
float* llama_get_embeddings_ith(llama_context*, int32_t) { return nullptr; }
float* llama_get_embeddings_seq(llama_context* context, llama_seq_id sequence) {
  const size_t begin = static_cast<size_t>(sequence) * kWidth;
  return begin < context->rows.size() ? context->rows.data() + begin : nullptr;
}

// One device, the processor; its memory tells what is alive.
size_t ggml_backend_dev_count() { return 1; }
ggml_backend_dev_t ggml_backend_dev_get(size_t) { return nullptr; }
const char* ggml_backend_dev_name(ggml_backend_dev_t) { return "CPU"; }
const char* ggml_backend_dev_description(ggml_backend_dev_t) { return "fake"; }
enum ggml_backend_dev_type ggml_backend_dev_type(ggml_backend_dev_t) { return GGML_BACKEND_DEVICE_TYPE_CPU; }
void ggml_backend_dev_memory(ggml_backend_dev_t, size_t* free, size_t* total) {
  *free = static_cast<size_t>(models);
  *total = static_cast<size_t>(contexts);
}
