#include "microbatches.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "error.h"

namespace rerank {

std::vector<int32_t> split(int32_t tokens, const std::vector<int32_t>& cuts, int32_t ubatch) {
  std::vector<int32_t> ends;
  int32_t begin = 0;
  auto advance = [&](int32_t end) {
    for (; begin < end; begin = ends.back()) {
      const int32_t rest = end - begin - ubatch;
      const int32_t step = rest > 0 && rest < kTile && ubatch >= 2 * kTile ? ubatch - kTile : ubatch;
      ends.push_back(std::min(end, begin + step));
    }
  };
  for (int32_t cut : cuts)
    if (cut - begin >= kTile && tokens - cut >= kTile) advance(cut);
  advance(tokens);
  return ends;
}

int32_t rows_between(const std::vector<int32_t>& rows, int32_t begin, int32_t end) {
  return static_cast<int32_t>(std::lower_bound(rows.begin(), rows.end(), end) -
                              std::lower_bound(rows.begin(), rows.end(), begin));
}

void check_states(const std::vector<float>& states, size_t rows, size_t width) {
  if (states.size() != rows * width)
    throw Error("INTERNAL", "expected " + std::to_string(rows) + " states of " + std::to_string(width) + " numbers, got " +
                                std::to_string(states.size()) + " numbers");
  for (size_t row = 0; row < rows; ++row) {
    float largest = 0;
    for (size_t i = 0; i < width; ++i) {
      const float value = states[row * width + i];
      if (!std::isfinite(value))
        throw Error("NON_FINITE", "the model gave a state that is not finite (row " + std::to_string(row) + ")");
      largest = std::max(largest, std::fabs(value));
    }
    if (largest == 0 && width > 1) throw Error("NON_FINITE", "the model gave a state of zeros (row " + std::to_string(row) + ")");
  }
}

}  // namespace rerank
