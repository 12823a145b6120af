#include "context.h"

#include "arguments.h"
#include "model.h"

namespace rerank {

namespace {

States states_of(const std::string& name) {
  const std::pair<const char*, States> known[] = {{"marked", States::marked}, {"all", States::all},     {"last", States::last},
                                                  {"mean", States::mean},     {"first", States::first}, {"rank", States::rank}};
  for (const auto& [text, states] : known)
    if (name == text) return states;
  throw Error("INTERNAL", "unknown states " + name);
}

ContextOptions read_options(const Napi::Object& options) {
  ContextOptions result;
  result.states = states_of(string(options["states"]));
  result.threads = static_cast<int>(number(options["threads"]));
  result.ubatch = static_cast<uint32_t>(number(options["ubatch"]));
  result.max_tokens = static_cast<uint32_t>(number(options["maxTokens"]));
  result.flash_attention = boolean(options["flashAttention"]);
  result.kernels = level_named(string(options["kernels"]));
  result.cache_type = string(options["kvCacheType"]) == "q8_0" ? GGML_TYPE_Q8_0 : GGML_TYPE_F16;
  if (result.threads < 1 || result.ubatch < 1 || result.max_tokens < 1) throw Error("INTERNAL", "context options below 1");
  return result;
}

std::vector<uint8_t> types_of(const Napi::Value& value) { return value.IsUndefined() ? std::vector<uint8_t>() : bytes(value); }

Napi::Value undefined_promise(Napi::Env env) {
  auto deferred = Napi::Promise::Deferred::New(env);
  deferred.Resolve(env.Undefined());
  return deferred.Promise();
}

}  // namespace

Napi::Function Context::define(Napi::Env env) {
  return DefineClass(
      env, "Context",
      {InstanceMethod("run", &Context::run), InstanceMethod("abort", &Context::abort), InstanceMethod("close", &Context::close)});
}

Context::Context(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Context>(info) {
  guarded(info.Env(), [&] {
    Model* model = Model::unwrap(info[0]);
    model->worker();
    ContextOptions options = read_options(object(info[1]));
    options.use_gpu = model->use_gpu();
    core_ = std::make_unique<ContextCore>(model->core(), options);
    worker_ = std::make_unique<Worker>(info.Env(), "llama-rerank context");
    track(info.Env());
  });
}

void Context::shutdown() noexcept {
  if (closed_) return;
  closed_ = true;
  untrack();
  if (core_) core_->aborted = true;
  if (worker_) worker_->stop();
  core_.reset();
}

Napi::Value Context::run(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    if (closed_ || !closing_.IsEmpty()) throw Error("DISPOSED", "the context is closed");
    struct State {
      Job job;
      StatesOutput output;
      std::shared_ptr<Napi::FunctionReference> on_progress;
    };
    auto state = std::make_shared<State>();
    Napi::Object job = object(info[0]);
    state->job = {int32s(job["tokens"]), int32s(job["lengths"]), int32s(job["rows"]), int32s(job["cuts"]),
                  types_of(job["types"])};
    if (info[1].IsFunction())
      state->on_progress = std::make_shared<Napi::FunctionReference>(Napi::Persistent(info[1].As<Napi::Function>()));
    core_->aborted = false;
    return worker_->run(
        info.This().As<Napi::Object>(),
        [this, state] {
          state->output = core_->run(state->job, [this, state](int32_t tokens) {
            if (!state->on_progress) return;
            worker_->notify([state, tokens](Napi::Env env) {
              if (state->on_progress) state->on_progress->Call({Napi::Number::New(env, tokens)});
            });
          });
        },
        [state](Napi::Env env) {
          state->on_progress.reset();
          auto result = Napi::Object::New(env);
          result["states"] = copied<Napi::Float32Array>(env, state->output.states);
          result["reusedTokens"] = Napi::Number::New(env, state->output.reused);
          return result;
        });
  });
}

Napi::Value Context::abort(const Napi::CallbackInfo& info) {
  if (core_) core_->aborted = true;
  return info.Env().Undefined();
}

Napi::Value Context::close(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    if (!closing_.IsEmpty()) return closing_.Value();
    if (closed_) return undefined_promise(info.Env());
    core_->aborted = true;
    auto promise = worker_->run(
        info.This().As<Napi::Object>(), [this] { core_->free(); },
        [this](Napi::Env env) {
          shutdown();
          return env.Undefined();
        });
    closing_ = Napi::Persistent(promise.As<Napi::Object>());
    return promise;
  });
}

}  // namespace rerank
