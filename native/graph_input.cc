#include "graph_input.h"

#include <string>

#include "error.h"
#include "library.h"

namespace rerank {

GraphInput::~GraphInput() {
  if (buffer_) lib().ggml_backend_buffer_free(buffer_);
}

void GraphInput::set(const ggml_tensor& beside, ggml_type type, const int64_t (&shape)[3], const std::vector<uint8_t>& bytes) {
  if (bytes.size() > capacity_) {
    // The node that is replaced may be a view, which has its buffer from its source.
    ggml_backend_buffer_t neighbour = beside.view_src ? beside.view_src->buffer : beside.buffer;
    ggml_backend_buffer_t larger =
        lib().ggml_backend_buft_alloc_buffer(lib().ggml_backend_buffer_get_type(neighbour), bytes.size());
    if (!larger)
      throw Error("INSUFFICIENT_MEMORY", "no memory for " + std::to_string(bytes.size()) + " bytes of the attention's mask");
    if (buffer_) lib().ggml_backend_buffer_free(buffer_);
    buffer_ = larger;
    capacity_ = bytes.size();
  }
  const size_t size = lib().ggml_get_type_traits(type)->type_size;
  tensor_ = {};
  tensor_.type = type;
  tensor_.op = GGML_OP_NONE;
  tensor_.buffer = buffer_;
  tensor_.data = lib().ggml_backend_buffer_get_base(buffer_);
  for (int i = 0; i < GGML_MAX_DIMS; ++i) {
    tensor_.ne[i] = i < 3 ? shape[i] : 1;
    tensor_.nb[i] = i == 0 ? size : tensor_.nb[i - 1] * static_cast<size_t>(tensor_.ne[i - 1]);
  }
  if (bytes.empty()) return;
  // Of the tensor, ggml takes the place only; its size is checked where the shape would read more than is written.
  ggml_tensor flat = tensor_;
  flat.ne[0] = static_cast<int64_t>(bytes.size() / size);
  flat.ne[1] = flat.ne[2] = 1;
  flat.nb[1] = flat.nb[2] = flat.nb[3] = bytes.size();
  lib().ggml_backend_tensor_set(&flat, bytes.data(), 0, bytes.size());
}

void GraphInput::stride(ptrdiff_t first, ptrdiff_t row, ptrdiff_t plane) {
  tensor_.data = static_cast<char*>(tensor_.data) + first;
  tensor_.nb[1] = static_cast<size_t>(row);
  tensor_.nb[2] = static_cast<size_t>(plane);
  tensor_.nb[3] = tensor_.nb[2] * static_cast<size_t>(tensor_.ne[2]);
}

}  // namespace rerank
