#include "model_core.h"

#include <climits>

#include "error.h"
#include "library.h"
#include "log.h"

namespace rerank {

void ModelCore::load(const ModelFile& file, const ModelOptions& options, const std::function<void(float)>& progress) {
  struct Callback {
    ModelCore* self;
    const std::function<void(float)>& progress;
  } callback{this, progress};

  ggml_backend_dev_t no_devices[1] = {nullptr};
  llama_model_params params = lib().llama_model_default_params();
  params.n_gpu_layers = options.use_gpu ? options.gpu_layers : 0;
  if (!options.use_gpu) params.devices = no_devices;
  params.load_mode = options.mmap ? LLAMA_LOAD_MODE_MMAP : LLAMA_LOAD_MODE_NONE;
  params.progress_callback = [](float fraction, void* data) {
    auto* callback = static_cast<Callback*>(data);
    callback->progress(fraction);
    return !callback->self->aborted.load();
  };
  params.progress_callback_user_data = &callback;

  clear_logged_errors();
  llama_model* model = aborted ? nullptr : file.load(params);
  if (!model) {
    if (aborted) throw Error("ABORTED", "loading was cancelled");
    throw Error("MODEL_LOAD_FAILED", file.path() + ": llama.cpp could not load it: " + logged_errors());
  }
  model_ = std::shared_ptr<llama_model>(model, lib().llama_model_free);
  vocab_ = lib().llama_model_get_vocab(model);
  for (int32_t id = 0; id < lib().llama_vocab_n_tokens(vocab_); ++id)
    if (lib().llama_vocab_get_attr(vocab_, id) & LLAMA_TOKEN_ATTR_USER_DEFINED)
      user_defined_.emplace_back(lib().llama_vocab_get_text(vocab_, id));
  faults_ = options.faults;
}

void ModelCore::tokenize_piece(const char* text, size_t size, std::vector<int32_t>& ids) const {
  if (size == 0) return;
  const size_t begin = ids.size();
  int32_t room = static_cast<int32_t>(size / 3 + 16);
  for (;;) {
    ids.resize(begin + room);
    int32_t count =
        lib().llama_tokenize(vocab_, text, static_cast<int32_t>(size), ids.data() + begin, room, /*add_special=*/false,
                             /*parse_special=*/false);
    if (count == INT32_MIN) throw Error("TEXT_TOO_LARGE", "a text has more tokens than llama.cpp can count");
    if (count >= 0) {
      ids.resize(begin + count);
      return;
    }
    room = -count;
  }
}

void ModelCore::tokenize(const std::vector<std::string>& texts, std::vector<int32_t>& ids, std::vector<int32_t>& lengths) const {
  for (const std::string& text : texts) {
    if (aborted) throw Error("ABORTED", "the call was cancelled");
    if (text.size() > INT_MAX / 2) throw Error("TEXT_TOO_LARGE", "a text is larger than 1 GB");
    const size_t before = ids.size();
    // llama.cpp recognises user-defined tokens such as <think> in plain text too, in quadratic time. So a text is cut before the
    // last byte of each: for tokens that end in letters and '>' this is where the pre-tokenizer splits anyway, so the ids are
    // those of the text with no special token known.
    size_t begin = 0;
    for (size_t at = 0; !user_defined_.empty() && at < text.size();) {
      size_t length = 0;
      for (const std::string& token : user_defined_)
        if (token.size() > length && token.size() > 1 && text.compare(at, token.size(), token) == 0) length = token.size();
      if (length == 0) {
        ++at;
        continue;
      }
      at += length - 1;
      tokenize_piece(text.data() + begin, at - begin, ids);
      begin = at;
    }
    tokenize_piece(text.data() + begin, text.size() - begin, ids);
    lengths.push_back(static_cast<int32_t>(ids.size() - before));
  }
}

std::string ModelCore::detokenize(const int32_t* ids, size_t count) const {
  std::string text;
  char piece[512];
  for (size_t i = 0; i < count; ++i) {
    int32_t size = lib().llama_token_to_piece(vocab_, ids[i], piece, sizeof piece, 0, /*special=*/true);
    if (size < 0) {
      std::string large(-size, '\0');
      size = lib().llama_token_to_piece(vocab_, ids[i], large.data(), -size, 0, true);
      text.append(large, 0, size < 0 ? 0 : size);
    } else {
      text.append(piece, size);
    }
  }
  // Drop the bytes of a character whose end was cut off.
  size_t lead = text.size();
  while (lead > 0 && text.size() - lead < 4 && (text[lead - 1] & 0xC0) == 0x80) --lead;
  if (lead > 0) {
    unsigned char c = text[lead - 1];
    size_t expected = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
    if (text.size() - (lead - 1) < expected) text.resize(lead - 1);
  }
  return text;
}

}  // namespace rerank
