#pragma once

#include <string>

#include "functions.h"

namespace rerank {

// The file to load. With a descriptor it is that file, which was checked, whatever its path names meanwhile; without one (-1) the
// path is opened.
class ModelFile {
 public:
  // Keeps a duplicate, so that the caller may close the descriptor. `identity` says which file it is, for systems where a
  // descriptor cannot be handed over: "index:size:modified in ns".
  ModelFile(std::string path, int descriptor, std::string identity);
  ~ModelFile();
  ModelFile(const ModelFile&) = delete;

  // Null when llama.cpp refuses the file. Throws MODEL_CHANGED, MODEL_UNREADABLE.
  llama_model* load(const llama_model_params& params) const;

  const std::string& path() const { return path_; }

 private:
  const std::string path_, identity_;
  int descriptor_ = -1;
};

}  // namespace rerank
