#include "worker.h"

#include <exception>
#include <new>
#include <optional>
#include <utility>

#include "error.h"
#include "lifetime.h"

namespace rerank {

namespace {

template <typename F> std::optional<Error> attempt(F&& function) {
  try {
    function();
    return std::nullopt;
  } catch (const Error& e) {
    return e;
  } catch (const std::bad_alloc&) {
    return Error("INSUFFICIENT_MEMORY", "the system has no memory left for this call");
  } catch (const std::exception& e) {
    return Error("NATIVE_ERROR", e.what());
  } catch (...) {
    return Error("NATIVE_ERROR", "unknown C++ exception");
  }
}

}  // namespace

struct Worker::Job {
  Work work;
  Result result;
  Napi::Promise::Deferred deferred;
  Napi::ObjectReference owner;
  std::optional<Error> error;
};

using Callback = std::function<void(Napi::Env)>;

Worker::Worker(Napi::Env env, const char* name) : env_(env) {
  napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, name), 0, 1, nullptr,
                                                       nullptr, nullptr, call, &function_);
  if (status != napi_ok) throw Napi::Error::New(env, "cannot create a threadsafe function");
  napi_unref_threadsafe_function(env, function_);
  thread_ = std::thread([this] { loop(); });
}

Worker::~Worker() { stop(); }

Napi::Promise Worker::run(Napi::Object owner, Work work, Result result) {
  auto deferred = Napi::Promise::Deferred::New(env_);
  auto job = std::shared_ptr<Job>(new Job{std::move(work), std::move(result), deferred, Napi::Persistent(owner), {}});
  if (pending_++ == 0) napi_ref_threadsafe_function(env_, function_);
  std::lock_guard<std::mutex> lock(mutex_);
  queue_.push_back(std::move(job));
  wake_.notify_one();
  return deferred.Promise();
}

void Worker::loop() noexcept {
  for (;;) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    job->error = attempt(job->work);
    // A job holds JavaScript references, so the last owner must never be this thread: stop() or the callback is, which may have
    // run before the next line is reached.
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) {
      queue_.push_front(std::move(job));
      return;
    }
    auto* done = new Callback([this, job = std::move(job)](Napi::Env env) { settle(env, *job); });
    // Refused while the environment goes down; then `done` is left where it is.
    if (napi_call_threadsafe_function(function_, done, napi_tsfn_nonblocking) != napi_ok) return;
  }
}

void Worker::settle(Napi::Env env, Job& job) {
  if (--pending_ == 0 && function_) napi_unref_threadsafe_function(env, function_);
  Napi::Value value;
  if (!job.error) job.error = attempt([&] { value = job.result(env); });
  if (!job.error) {
    job.deferred.Resolve(value);
    return;
  }
  Napi::Error error = Napi::Error::New(env, job.error->what());
  error.Set("code", Napi::String::New(env, job.error->code));
  job.deferred.Reject(error.Value());
}

void Worker::notify(std::function<void(Napi::Env)> function) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopping_) return;
  auto* callback = new Callback(std::move(function));
  if (napi_call_threadsafe_function(function_, callback, napi_tsfn_nonblocking) != napi_ok) delete callback;
}

void Worker::call(napi_env env, napi_value, void*, void* data) {
  std::unique_ptr<Callback> callback(static_cast<Callback*>(data));
  if (env == nullptr) return;
  try {
    (*callback)(env);
  } catch (...) {
    // The environment is going down, or a progress callback threw past its guard in TypeScript.
  }
}

void Worker::stop() noexcept {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  if (exiting()) {
    new auto(std::move(queue_));  // references cannot be given back any more
    return;
  }
  queue_.clear();
  if (function_) napi_release_threadsafe_function(function_, napi_tsfn_abort);
  function_ = nullptr;
}

}  // namespace rerank
