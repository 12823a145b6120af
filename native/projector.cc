#include "projector.h"

#include <algorithm>

#include "arguments.h"
#include "model.h"

namespace rerank {

struct Projector::Layers {
  std::vector<float> first, second;
  size_t width, hidden, output;
};

namespace {

// Eight sums side by side, so that compilers may use vector instructions without being allowed to reorder sums.
float dot(const float* a, const float* b, size_t count) {
  float sums[8] = {};
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (size_t lane = 0; lane < 8; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  double total = 0;
  for (float sum : sums) total += sum;
  for (; i < count; ++i) total += static_cast<double>(a[i]) * b[i];
  return static_cast<float>(total);
}

}  // namespace

Napi::Function Projector::define(Napi::Env env) {
  return DefineClass(env, "Projector", {InstanceMethod("project", &Projector::project)});
}

Projector::Projector(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Projector>(info) {
  guarded(info.Env(), [&] {
    Model::unwrap(info[0]);
    Layers layers{floats(info[1]), floats(info[2]), static_cast<size_t>(number(info[3])), 0, 0};
    if (layers.width == 0 || layers.first.empty() || layers.first.size() % layers.width != 0)
      throw Error("INTERNAL", "the first layer's size is no multiple of its width");
    layers.hidden = layers.first.size() / layers.width;
    if (layers.second.empty() || layers.second.size() % layers.hidden != 0)
      throw Error("INTERNAL", "the second layer's size is no multiple of the first layer's rows");
    layers.output = layers.second.size() / layers.hidden;
    layers_ = std::make_shared<const Layers>(std::move(layers));
    model_ = Napi::Persistent(object(info[0]));
  });
}

Napi::Value Projector::project(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    auto states = std::make_shared<std::vector<float>>(floats(info[0]));
    auto projected = std::make_shared<std::vector<float>>();
    if (states->size() % layers_->width != 0) throw Error("INTERNAL", "states are no rows of the projector's width");
    return Model::unwrap(model_.Value())
        ->worker()
        .run(
            info.This().As<Napi::Object>(),
            [layers = layers_, states, projected] {
              std::vector<float> hidden(layers->hidden);
              projected->reserve(states->size() / layers->width * layers->output);
              for (size_t row = 0; row < states->size(); row += layers->width) {
                for (size_t i = 0; i < layers->hidden; ++i)
                  hidden[i] = std::max(0.0f, dot(layers->first.data() + i * layers->width, states->data() + row, layers->width));
                for (size_t i = 0; i < layers->output; ++i)
                  projected->push_back(dot(layers->second.data() + i * layers->hidden, hidden.data(), layers->hidden));
              }
            },
            [projected](Napi::Env env) { return copied<Napi::Float32Array>(env, *projected); });
  });
}

}  // namespace rerank
