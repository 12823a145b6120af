#include "head.h"

#include <algorithm>
#include <cmath>

#include "arguments.h"
#include "model.h"

namespace rerank {

enum class Activation { none, relu, tanh, gelu };

// activation(weight * x + bias)
struct Head::Layer {
  std::vector<float> weight, bias;
  Activation activation;
  size_t inputs, outputs;
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

Activation activation_of(const Napi::Value& value) {
  if (value.IsUndefined()) return Activation::none;
  const std::string name = string(value);
  if (name == "relu") return Activation::relu;
  if (name == "tanh") return Activation::tanh;
  if (name == "gelu") return Activation::gelu;
  throw Error("INTERNAL", "unknown activation " + name);
}

float activate(Activation activation, float x) {
  switch (activation) {
    case Activation::relu: return std::max(0.0f, x);
    case Activation::tanh: return std::tanh(x);
    case Activation::gelu: return 0.5f * x * (1 + std::erf(x * 0.70710678f));
    default: return x;
  }
}

}  // namespace

Napi::Function Head::define(Napi::Env env) { return DefineClass(env, "Head", {InstanceMethod("apply", &Head::apply)}); }

Head::Head(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Head>(info) {
  guarded(info.Env(), [&] {
    Model::unwrap(info[0]);
    width_ = static_cast<size_t>(number(info[1]));
    if (!info[2].IsArray()) throw Error("INTERNAL", "expected an array of layers");
    auto list = info[2].As<Napi::Array>();
    auto layers = std::make_shared<std::vector<Layer>>();
    size_t inputs = width_;
    for (uint32_t i = 0; i < list.Length(); ++i) {
      Napi::Object given = object(list[i]);
      Napi::Value bias = given["bias"];
      Layer layer{floats(given["weight"]), bias.IsUndefined() ? std::vector<float>() : floats(bias),
                  activation_of(given["activation"]), inputs, 0};
      if (inputs == 0 || layer.weight.empty() || layer.weight.size() % inputs != 0)
        throw Error("INTERNAL", "a layer's size is no multiple of its width");
      layer.outputs = layer.weight.size() / inputs;
      if (!layer.bias.empty() && layer.bias.size() != layer.outputs) throw Error("INTERNAL", "a bias does not fit its layer");
      layer.bias.resize(layer.outputs);
      inputs = layer.outputs;
      layers->push_back(std::move(layer));
    }
    if (layers->empty()) throw Error("INTERNAL", "a head without layers");
    layers_ = layers;
    model_ = Napi::Persistent(object(info[0]));
  });
}

Napi::Value Head::apply(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    auto states = std::make_shared<std::vector<float>>(floats(info[0]));
    auto outputs = std::make_shared<std::vector<float>>();
    if (states->size() % width_ != 0) throw Error("INTERNAL", "states are no rows of the head's width");
    return Model::unwrap(model_.Value())
        ->worker()
        .run(
            info.This().As<Napi::Object>(),
            [layers = layers_, width = width_, states, outputs] {
              std::vector<float> input, output;
              for (size_t row = 0; row < states->size(); row += width) {
                input.assign(states->data() + row, states->data() + row + width);
                for (const Layer& layer : *layers) {
                  output.resize(layer.outputs);
                  for (size_t i = 0; i < layer.outputs; ++i)
                    output[i] = activate(layer.activation,
                                         dot(layer.weight.data() + i * layer.inputs, input.data(), layer.inputs) + layer.bias[i]);
                  input.swap(output);
                }
                outputs->insert(outputs->end(), input.begin(), input.end());
              }
            },
            [outputs](Napi::Env env) { return copied<Napi::Float32Array>(env, *outputs); });
  });
}

}  // namespace rerank
