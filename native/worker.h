#pragma once

#include <napi.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace rerank {

// One thread that runs jobs in order and settles their promises on the JavaScript thread. It keeps the event loop alive only
// while jobs are pending. All methods but notify() belong to the JavaScript thread.
class Worker {
 public:
  using Work = std::function<void()>;
  using Result = std::function<Napi::Value(Napi::Env)>;

  Worker(Napi::Env env, const char* name);
  ~Worker();

  // `owner` stays alive until the job has settled. `work` may throw Error.
  Napi::Promise run(Napi::Object owner, Work work, Result result);

  // From the worker thread: calls `function` on the JavaScript thread, unless the worker is stopping.
  void notify(std::function<void(Napi::Env)> function);

  // Drops queued jobs, waits for the running one, ends the thread. Idempotent.
  void stop() noexcept;

 private:
  struct Job;
  void loop() noexcept;
  void settle(Napi::Env env, Job& job);
  static void call(napi_env env, napi_value, void*, void* data);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> queue_;
  bool stopping_ = false;
  int pending_ = 0;
  napi_env env_;
  napi_threadsafe_function function_ = nullptr;
  std::thread thread_;
};

}  // namespace rerank
