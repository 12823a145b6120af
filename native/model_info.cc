#include "model_info.h"

#include <string>

#include "library.h"

namespace rerank {

namespace {

template <typename F> std::string sized(F&& read) {
  std::string text(256, '\0');
  int32_t size = read(text.data(), text.size());
  if (size >= static_cast<int32_t>(text.size())) {
    text.resize(size + 1);
    size = read(text.data(), text.size());
  }
  text.resize(size < 0 ? 0 : size);
  return text;
}

}  // namespace

Napi::Object model_info(Napi::Env env, const ModelCore& core) {
  const llama_model* model = core.weights().get();
  const llama_vocab* vocab = core.vocab();
  auto metadata = Napi::Object::New(env);
  for (int32_t i = 0; i < lib().llama_model_meta_count(model); ++i) {
    std::string key = sized([&](char* to, size_t room) { return lib().llama_model_meta_key_by_index(model, i, to, room); });
    metadata[key] = Napi::String::New(
        env, sized([&](char* to, size_t room) { return lib().llama_model_meta_val_str_by_index(model, i, to, room); }));
  }
  auto control = Napi::Object::New(env);
  for (int32_t id = 0; id < lib().llama_vocab_n_tokens(vocab); ++id)
    if (lib().llama_vocab_get_attr(vocab, id) & LLAMA_TOKEN_ATTR_CONTROL)
      control[lib().llama_vocab_get_text(vocab, id)] = Napi::Number::New(env, id);

  auto info = Napi::Object::New(env);
  info["metadata"] = metadata;
  info["control"] = control;
  info["description"] =
      Napi::String::New(env, sized([&](char* to, size_t room) { return lib().llama_model_desc(model, to, room); }));
  info["bytes"] = Napi::Number::New(env, static_cast<double>(lib().llama_model_size(model)));
  info["parameters"] = Napi::Number::New(env, static_cast<double>(lib().llama_model_n_params(model)));
  info["layers"] = Napi::Number::New(env, lib().llama_model_n_layer(model));
  info["embedding"] = Napi::Number::New(env, lib().llama_model_n_embd(model));
  info["contextTrain"] = Napi::Number::New(env, lib().llama_model_n_ctx_train(model));
  info["classifierOutputs"] = Napi::Number::New(env, lib().llama_model_n_cls_out(model));
  info["vocabulary"] = Napi::Number::New(env, lib().llama_vocab_n_tokens(vocab));
  info["bos"] = Napi::Number::New(env, lib().llama_vocab_bos(vocab));
  info["eos"] = Napi::Number::New(env, lib().llama_vocab_eos(vocab));
  info["sep"] = Napi::Number::New(env, lib().llama_vocab_sep(vocab));
  return info;
}

}  // namespace rerank
