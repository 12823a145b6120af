#include "kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "vectors.h"

namespace rerank {

#ifdef RERANK_KERNELS

namespace {

// Queries that are computed at once.
constexpr int kQueries = 4;
// Queries of one piece of work.
constexpr int64_t kPiece = 128;

// A number in 16 bits: the exponent moves by a multiplication; numbers below the normal ones are an integer times 2^-24.
RERANK_INLINE float single(uint16_t half) {
  const uint32_t shifted = static_cast<uint32_t>(half) << 16;
  const uint32_t doubled = shifted + shifted;
  const uint32_t normal_bits = (doubled >> 4) + (0xE0u << 23), small_bits = (doubled >> 17) | (126u << 23);
  float normal, small;
  std::memcpy(&normal, &normal_bits, sizeof normal);
  std::memcpy(&small, &small_bits, sizeof small);
  normal *= 0x1.0p-112f;
  small -= 0.5f;
  const float magnitude = doubled < (1u << 27) ? small : normal;
  return half & 0x8000 ? -magnitude : magnitude;
}

struct Buffers {
  std::vector<float> keys, values, scores, queries;
};

template <int kLanes> struct Attention {
  using Floats = typename Vectors<kLanes>::Floats;
  // Keys in one step.
  static constexpr int kStep = 2 * kLanes;

  // exp(score - largest) for `count` scores, 0 for what fills up the last step. Returns 1 / their sum.
  RERANK_INLINE static float soften(float* scores, int64_t count, int64_t padded) {
    for (int64_t j = count; j < padded; ++j) scores[j] = -INFINITY;
    Floats largest = Floats{} - INFINITY;
    for (int64_t j = 0; j < padded; j += kLanes) {
      Floats x;
      load(x, scores + j);
      largest = x > largest ? x : largest;
    }
    float most = largest[0];
    for (int i = 1; i < kLanes; ++i) most = std::max(most, largest[i]);
    Floats total{};
    for (int64_t j = 0; j < padded; j += kLanes) {
      Floats x;
      load(x, scores + j);
      x -= most;
      const auto counts = x > -87.0f;
      exponential(x);
      x = counts ? x : Floats{};
      store(scores + j, x);
      total += x;
    }
    float sum = 0;
    for (int i = 0; i < kLanes; ++i) sum += total[i];
    return 1 / sum;
  }

  // One head, one sequence, the queries from `begin` to `end`. Keys are kept by number, [size][padded], values by row,
  // [count][wide].
  RERANK_INLINE static void attend_rows(const Rows& rows, const std::vector<int32_t>& sequence, int64_t head, int64_t begin,
                                        int64_t end, ggml_tensor* node, Buffers& buffers) {
    const ggml_tensor *q = node->src[0], *k = node->src[1], *v = node->src[2];
    const int64_t size = q->ne[0], count = static_cast<int64_t>(sequence.size());
    const int64_t padded = (count + kStep - 1) / kStep * kStep;
    float scale;
    std::memcpy(&scale, node->op_params + kScale, sizeof scale);
    // Several heads may share keys and values.
    const int64_t shared = head / (q->ne[2] / k->ne[2]);
    buffers.keys.assign(size * padded, 0.0f);
    const int64_t wide = (size + kStep - 1) / kStep * kStep;
    buffers.values.assign(count * wide, 0.0f);
    buffers.scores.resize(kQueries * padded);
    buffers.queries.resize(kQueries * size);
    for (int64_t j = 0; j < count; ++j) {
      const auto* key =
          reinterpret_cast<const uint16_t*>(static_cast<const char*>(k->data) + sequence[j] * k->nb[1] + shared * k->nb[2]);
      const auto* value =
          reinterpret_cast<const uint16_t*>(static_cast<const char*>(v->data) + sequence[j] * v->nb[1] + shared * v->nb[2]);
      for (int64_t d = 0; d < size; ++d) buffers.keys[d * padded + j] = single(key[d]);
      for (int64_t d = 0; d < size; ++d) buffers.values[j * wide + d] = single(value[d]);
    }
    const float slope = rows.slopes.empty() ? 0.0f : rows.slopes[head];
    Floats lanes;
    for (int i = 0; i < kLanes; ++i) lanes[i] = static_cast<float>(i);

    for (int64_t first = begin; first < end; first += kQueries) {
      const int filled = static_cast<int>(std::min<int64_t>(kQueries, end - first));
      for (int r = 0; r < kQueries; ++r) {
        const int64_t row = sequence[first + std::min(r, filled - 1)];
        const auto* from = reinterpret_cast<const float*>(static_cast<const char*>(q->data) + row * q->nb[1] + head * q->nb[2]);
        for (int64_t d = 0; d < size; ++d) buffers.queries[r * size + d] = from[d] * scale;
      }
      for (int64_t j = 0; j < padded; j += kStep) {
        Floats sum[kQueries][2] = {};
        for (int64_t d = 0; d < size; ++d) {
          Floats low, high;
          load(low, &buffers.keys[d * padded + j]);
          load(high, &buffers.keys[d * padded + j + kLanes]);
          for (int r = 0; r < kQueries; ++r) {
            const float query = buffers.queries[r * size + d];
            sum[r][0] += low * query;
            sum[r][1] += high * query;
          }
        }
        for (int r = 0; r < kQueries; ++r)
          for (int half = 0; half < 2; ++half) {
            Floats distance = lanes + static_cast<float>(j + half * kLanes - (first + r));
            distance = distance < 0.0f ? -distance : distance;
            store(&buffers.scores[r * padded + j + half * kLanes], sum[r][half] - distance * slope);
          }
      }
      float share[kQueries];
      for (int r = 0; r < kQueries; ++r) share[r] = soften(&buffers.scores[r * padded], count, padded);
      for (int64_t d = 0; d < size; d += kStep) {
        Floats sum[kQueries][2] = {};
        for (int64_t j = 0; j < count; ++j) {
          Floats low, high;
          load(low, &buffers.values[j * wide + d]);
          load(high, &buffers.values[j * wide + d + kLanes]);
          for (int r = 0; r < kQueries; ++r) {
            const float score = buffers.scores[r * padded + j];
            sum[r][0] += low * score;
            sum[r][1] += high * score;
          }
        }
        for (int r = 0; r < filled; ++r) {
          auto* to =
              reinterpret_cast<float*>(static_cast<char*>(node->data) + head * node->nb[1] + sequence[first + r] * node->nb[2]);
          for (int half = 0; half < 2; ++half) {
            const Floats weighted = sum[r][half] * share[r];
            const int64_t begins = d + half * kLanes, rest = std::min<int64_t>(kLanes, size - begins);
            if (rest > 0) std::memcpy(to + begins, &weighted, rest * sizeof(float));
          }
        }
      }
    }
  }

  RERANK_INLINE static void run(ggml_tensor* node, int thread, int threads, const Rows* all) {
    const Rows& rows = *all;
    const int64_t heads = node->src[0]->ne[2];
    Buffers buffers;
    int64_t piece = 0;
    for (const std::vector<int32_t>& sequence : rows.sequences)
      for (int64_t begin = 0, count = rows.first_only ? 1 : sequence.size(); begin < count; begin += kPiece)
        for (int64_t head = 0; head < heads; ++head)
          if (piece++ % threads == thread)
            attend_rows(rows, sequence, head, begin, std::min(begin + kPiece, count), node, buffers);
  }
};

}  // namespace

bool has_kernels() { return true; }
void attend(ggml_tensor* node, int thread, int threads, void* userdata) {
  const auto* rows = static_cast<const Rows*>(userdata);
  call<Attention>(rows->level, node, thread, threads, rows);
}

#else

bool has_kernels() { return false; }
void attend(ggml_tensor*, int, int, void*) {}

#endif

}  // namespace rerank
