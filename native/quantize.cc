#include "quantize.h"

#include "arguments.h"
#include "library.h"
#include "log.h"

namespace rerank {

namespace {

class Quantize : public Napi::AsyncWorker {
 public:
  Quantize(Napi::Env env, std::string input, std::string output, int type, int threads)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), input_(std::move(input)),
        output_(std::move(output)) {
    params_ = lib().llama_model_quantize_default_params();
    params_.ftype = static_cast<llama_ftype>(type);
    params_.nthread = threads;
  }
  Napi::Promise promise() { return deferred_.Promise(); }

 protected:
  void Execute() override {
    clear_logged_errors();
    try {
      if (lib().llama_model_quantize(input_.c_str(), output_.c_str(), &params_) != 0) SetError(input_ + ": " + logged_errors());
    } catch (const std::exception&) {
      throw;
    } catch (...) {
      // The caller catches only what derives from std::exception.
      SetError("unknown C++ exception");
    }
  }
  void OnOK() override { deferred_.Resolve(Env().Undefined()); }
  void OnError(const Napi::Error& error) override {
    error.Set("code", Napi::String::New(Env(), "NATIVE_ERROR"));
    deferred_.Reject(error.Value());
  }

 private:
  Napi::Promise::Deferred deferred_;
  std::string input_, output_;
  llama_model_quantize_params params_;
};

}  // namespace

Napi::Value quantize(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    auto* work = new Quantize(info.Env(), string(info[0]), string(info[1]), static_cast<int>(number(info[2])),
                              static_cast<int>(number(info[3])));
    work->Queue();
    return work->promise();
  });
}

}  // namespace rerank
