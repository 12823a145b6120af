#pragma once

// The functions of llama.cpp that the addon uses. They are resolved at run time, so this list is the whole ABI that an accepted
// release must share; scripts/check-abi.mjs compares it across the header sets in native/llama.cpp.

#include "llama.h"

#include "ggml-backend.h"

#define LLAMA_FUNCTIONS(X)                                                                                                       \
  X(llama_version)                                                                                                               \
  X(llama_backend_init)                                                                                                          \
  X(llama_log_set)                                                                                                               \
  X(llama_model_default_params)                                                                                                  \
  X(llama_model_load_from_file)                                                                                                  \
  X(llama_model_load_from_file_ptr)                                                                                              \
  X(llama_model_free)                                                                                                            \
  X(llama_model_get_vocab)                                                                                                       \
  X(llama_model_n_embd)                                                                                                          \
  X(llama_model_n_layer)                                                                                                         \
  X(llama_model_n_swa)                                                                                                           \
  X(llama_model_n_ctx_train)                                                                                                     \
  X(llama_model_n_params)                                                                                                        \
  X(llama_model_n_cls_out)                                                                                                       \
  X(llama_model_size)                                                                                                            \
  X(llama_model_desc)                                                                                                            \
  X(llama_model_meta_count)                                                                                                      \
  X(llama_model_meta_key_by_index)                                                                                               \
  X(llama_model_meta_val_str_by_index)                                                                                           \
  X(llama_model_quantize_default_params)                                                                                         \
  X(llama_model_quantize)                                                                                                        \
  X(llama_vocab_n_tokens)                                                                                                        \
  X(llama_vocab_get_text)                                                                                                        \
  X(llama_vocab_get_attr)                                                                                                        \
  X(llama_vocab_bos)                                                                                                             \
  X(llama_vocab_eos)                                                                                                             \
  X(llama_vocab_sep)                                                                                                             \
  X(llama_tokenize)                                                                                                              \
  X(llama_token_to_piece)                                                                                                        \
  X(llama_context_default_params)                                                                                                \
  X(llama_init_from_model)                                                                                                       \
  X(llama_free)                                                                                                                  \
  X(llama_get_memory)                                                                                                            \
  X(llama_memory_clear)                                                                                                          \
  X(llama_memory_seq_cp)                                                                                                         \
  X(llama_memory_seq_rm)                                                                                                         \
  X(llama_decode)                                                                                                                \
  X(llama_encode)                                                                                                                \
  X(llama_get_embeddings_ith)                                                                                                    \
  X(llama_get_embeddings_seq)

#define GGML_FUNCTIONS(X)                                                                                                        \
  X(ggml_nbytes)                                                                                                                 \
  X(ggml_get_type_traits)                                                                                                        \
  X(ggml_set_abort_callback)                                                                                                     \
  X(ggml_backend_load_all_from_path)                                                                                             \
  X(ggml_backend_dev_count)                                                                                                      \
  X(ggml_backend_dev_get)                                                                                                        \
  X(ggml_backend_dev_name)                                                                                                       \
  X(ggml_backend_dev_description)                                                                                                \
  X(ggml_backend_dev_memory)                                                                                                     \
  X(ggml_backend_dev_type)                                                                                                       \
  X(ggml_backend_dev_backend_reg)                                                                                                \
  X(ggml_backend_reg_name)                                                                                                       \
  X(ggml_backend_tensor_get)                                                                                                     \
  X(ggml_backend_tensor_set)                                                                                                     \
  X(ggml_backend_buffer_get_type)                                                                                                \
  X(ggml_backend_buffer_get_base)                                                                                                \
  X(ggml_backend_buffer_free)                                                                                                    \
  X(ggml_backend_buft_alloc_buffer)                                                                                              \
  X(ggml_fp32_to_fp16)

namespace rerank {

struct Functions {
#define X(name) decltype(&::name) name;
  LLAMA_FUNCTIONS(X)
  GGML_FUNCTIONS(X)
#undef X
};

}  // namespace rerank
