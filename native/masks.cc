#include <cmath>
#include <cstdlib>
#include <cstring>

#include "corrections.h"
#include "library.h"

// The masks that corrections give to attention nodes.
namespace rerank {

namespace {

void put(uint8_t* to, ggml_type type, size_t cell, float value) {
  if (type == GGML_TYPE_F16)
    reinterpret_cast<ggml_fp16_t*>(to)[cell] = lib().ggml_fp32_to_fp16(value);
  else
    reinterpret_cast<float*>(to)[cell] = value;
}

}  // namespace

void Corrections::fill_window(const ggml_tensor& mask) {
  const int64_t width = mask.ne[0], rows = mask.ne[1];
  const size_t size = mask.type == GGML_TYPE_F16 ? 2 : 4;
  bytes_.resize(static_cast<size_t>(width * rows) * size);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < width; ++j) {
      const int64_t distance = position_ + i - j;
      put(bytes_.data(), mask.type, i * width + j, distance >= 0 && distance < faults_.window ? 0.0f : -INFINITY);
    }
  mask_.set(mask, mask.type, {width, rows, 1}, bytes_);
}

// A plane for each head holds what ggml multiplies with its own slope: the distance times the head's factor. These numbers are
// exact in 16 bits up to a distance of 1,024, where the slope itself would not be.
void Corrections::fill_slopes(const ggml_tensor& mask) {
  const int64_t width = mask.ne[0], rows = mask.ne[1];
  const auto heads = static_cast<int64_t>(faults_.slope_factors.size());
  const size_t size = mask.type == GGML_TYPE_F16 ? 2 : 4;
  if (lengths_.size() == 1 && place_.host) {
    // Row i of a single sequence is row 0 moved by i, so rows may overlap: 2 n cells a head instead of n * n.
    const int64_t period = width + rows - 1;
    bytes_.resize(static_cast<size_t>(period * heads) * size);
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t k = 0; k < period; ++k)
        put(bytes_.data(), mask.type, h * period + k, -faults_.slope_factors[h] * static_cast<float>(std::abs(k - (rows - 1))));
    mask_.set(mask, mask.type, {width, rows, heads}, bytes_);
    mask_.stride((rows - 1) * static_cast<ptrdiff_t>(size), -static_cast<ptrdiff_t>(size), period * static_cast<ptrdiff_t>(size));
    return;
  }
  const size_t plane = static_cast<size_t>(width * rows);
  bytes_.resize(plane * heads * size);
  for (int64_t h = 0; h < heads; ++h) {
    uint8_t* cells = bytes_.data() + h * plane * size;
    if (h > 0 && faults_.slope_factors[h] == faults_.slope_factors[h - 1]) {
      std::memcpy(cells, cells - plane * size, plane * size);
      continue;
    }
    for (size_t cell = 0; cell < plane; ++cell) put(cells, mask.type, cell, -INFINITY);
    int64_t begin = 0;
    for (int32_t length : lengths_) {
      for (int64_t i = 0; i < length; ++i)
        for (int64_t j = 0; j < length; ++j)
          put(cells, mask.type, (begin + i) * width + begin + j, -faults_.slope_factors[h] * static_cast<float>(std::abs(i - j)));
      begin += length;
    }
  }
  mask_.set(mask, mask.type, {width, rows, heads}, bytes_);
}

}  // namespace rerank
