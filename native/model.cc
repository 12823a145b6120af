#include "model.h"

#include "arguments.h"
#include "library.h"
#include "model_info.h"

namespace rerank {

namespace {

constexpr napi_type_tag kTag = {0x6c6c616d612d7265ull, 0x72616e6b2d6d6f64ull};

int descriptor_of(const Napi::Value& value) { return value.IsUndefined() ? -1 : static_cast<int>(number(value)); }

GraphFaults faults_of(const Napi::Object& options) {
  GraphFaults faults;
  const auto given = [&](const char* name) { return !Napi::Value(options[name]).IsUndefined(); };
  if (given("windowTokens")) {
    faults.window = static_cast<int32_t>(number(options["windowTokens"]));
    for (uint8_t local : bytes(options["windowLayers"])) faults.window_layers.push_back(local != 0);
  }
  if (given("slopeFactors")) faults.slope_factors = floats(options["slopeFactors"]);
  if (given("exactGelu")) faults.exact_gelu = boolean(options["exactGelu"]);
  if (given("typeRows")) faults.type_rows = floats(options["typeRows"]);
  return faults;
}

}  // namespace

Napi::Function Model::define(Napi::Env env) {
  return DefineClass(env, "Model",
                     {InstanceMethod("load", &Model::load), InstanceMethod("abort", &Model::abort),
                      InstanceMethod("tokenize", &Model::tokenize), InstanceMethod("detokenize", &Model::detokenize),
                      InstanceMethod("close", &Model::close)});
}

Model* Model::unwrap(const Napi::Value& value) {
  Napi::Object wrapped = object(value);
  if (!wrapped.CheckTypeTag(&kTag)) throw Error("INTERNAL", "expected a Model");
  return Napi::ObjectWrap<Model>::Unwrap(wrapped);
}

Model::Model(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Model>(info) {
  guarded(info.Env(), [&] {
    lib();
    Napi::Object options = object(info[1]);
    options_.gpu_layers = static_cast<int>(number(options["gpuLayers"]));
    options_.use_gpu = boolean(options["useGpu"]);
    options_.mmap = boolean(options["mmap"]);
    options_.faults = faults_of(options);
    const int descriptor = descriptor_of(options["descriptor"]);
    file_ = std::make_shared<ModelFile>(string(info[0]), descriptor, descriptor < 0 ? "" : string(options["identity"]));
    if (info[2].IsFunction()) on_progress_ = Napi::Persistent(info[2].As<Napi::Function>());
    info.This().As<Napi::Object>().TypeTag(&kTag);
    worker_ = std::make_unique<Worker>(info.Env(), "llama-rerank model");
    track(info.Env());
  });
}

void Model::shutdown() noexcept {
  if (closed_) return;
  closed_ = true;
  untrack();
  core_.aborted = true;
  if (worker_) worker_->stop();
  core_.free();
  file_.reset();
  if (exiting()) on_progress_.SuppressDestruct();
}

Worker& Model::worker() {
  if (closed_ || !closing_.IsEmpty()) throw Error("DISPOSED", "the model is closed");
  return *worker_;
}

const ModelCore& Model::core() const {
  if (!loaded_) throw Error("INTERNAL", "the model is not loaded");
  return core_;
}

Napi::Value Model::load(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    worker();
    if (!file_) throw Error("INTERNAL", "the model is loaded already");
    auto report = [this, last = -1](float fraction) mutable {
      const int percent = static_cast<int>(fraction * 100);
      if (on_progress_.IsEmpty() || percent == last) return;
      last = percent;
      worker_->notify([this, fraction](Napi::Env env) {
        if (!on_progress_.IsEmpty()) on_progress_.Call({Napi::Number::New(env, fraction)});
      });
    };
    return worker().run(
        info.This().As<Napi::Object>(), [this, file = file_, report] { core_.load(*file, options_, report); },
        [this](Napi::Env env) {
          if (!closing_.IsEmpty()) throw Error("DISPOSED", "the model is closed");
          on_progress_.Reset();
          file_.reset();
          loaded_ = true;
          return model_info(env, core_);
        });
  });
}

Napi::Value Model::abort(const Napi::CallbackInfo& info) {
  core_.aborted = true;
  return info.Env().Undefined();
}

Napi::Value Model::tokenize(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    if (!info[0].IsArray()) throw Error("INTERNAL", "expected an array of strings");
    auto array = info[0].As<Napi::Array>();
    struct State {
      std::vector<std::string> texts;
      std::vector<int32_t> ids, lengths;
    };
    auto state = std::make_shared<State>();
    state->texts.reserve(array.Length());
    for (uint32_t i = 0; i < array.Length(); ++i) state->texts.push_back(string(array[i]));
    return worker().run(
        info.This().As<Napi::Object>(),
        [this, state] {
          if (!core_.loaded()) throw Error("INTERNAL", "the model is not loaded");
          core_.tokenize(state->texts, state->ids, state->lengths);
        },
        [state](Napi::Env env) {
          auto result = Napi::Object::New(env);
          result["ids"] = copied<Napi::Int32Array>(env, state->ids);
          result["lengths"] = copied<Napi::Int32Array>(env, state->lengths);
          return result;
        });
  });
}

Napi::Value Model::detokenize(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    struct State {
      std::vector<int32_t> ids, lengths;
      std::vector<std::string> texts;
    };
    auto state = std::make_shared<State>();
    state->ids = int32s(info[0]);
    state->lengths = int32s(info[1]);
    return worker().run(
        info.This().As<Napi::Object>(),
        [this, state] {
          if (!core_.loaded()) throw Error("INTERNAL", "the model is not loaded");
          const int32_t vocabulary = lib().llama_vocab_n_tokens(core_.vocab());
          for (int32_t id : state->ids)
            if (id < 0 || id >= vocabulary) throw Error("INTERNAL", "a token id is not in the vocabulary");
          size_t at = 0;
          for (int32_t length : state->lengths) {
            if (length < 0 || at + length > state->ids.size()) throw Error("INTERNAL", "lengths exceed the ids");
            state->texts.push_back(core_.detokenize(state->ids.data() + at, length));
            at += length;
          }
        },
        [state](Napi::Env env) {
          auto result = Napi::Array::New(env, state->texts.size());
          for (uint32_t i = 0; i < state->texts.size(); ++i) result[i] = Napi::String::New(env, state->texts[i]);
          return result;
        });
  });
}

Napi::Value Model::close(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    if (!closing_.IsEmpty()) return closing_.Value();
    if (closed_) {
      auto deferred = Napi::Promise::Deferred::New(info.Env());
      deferred.Resolve(info.Env().Undefined());
      return deferred.Promise();
    }
    core_.aborted = true;
    auto promise = worker().run(
        info.This().As<Napi::Object>(), [this] { core_.free(); },
        [this](Napi::Env env) {
          shutdown();
          return env.Undefined();
        });
    closing_ = Napi::Persistent(promise.As<Napi::Object>());
    return promise;
  });
}

}  // namespace rerank
