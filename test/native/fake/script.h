#pragma once

// A llama.cpp for tests, whose faults the model's file name chooses: with `decode=-3;ok,init=null.gguf` the first llama_decode
// answers -3, the first llama_init_from_model null, and all else goes well. Steps and what they may do:
//
//   load, init, tokenize, decode, encode   bad_alloc, exception, unknown (a thrown int), 500ms (takes that long, unless aborted)
//   load, init                             null
//   decode, encode                         a return code, nan, zeros, few, many (rows), log (an error line), assert (which ends
//                                          the process)

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

// What is left to do, by step.
using Script = std::map<std::string, std::string>;

inline Script read_script(std::string name) {
  name = name.substr(name.find_last_of("/\\") + 1);
  name.resize(std::min(name.rfind(".gguf"), name.size()));
  Script script;
  for (size_t at = 0, end; at < name.size(); at = end + 1) {
    end = std::min(name.find(',', at), name.size());
    const std::string entry = name.substr(at, end - at);
    const size_t equals = std::min(entry.find('='), entry.size());
    script[entry.substr(0, equals)] = entry.substr(std::min(equals + 1, entry.size()));
  }
  return script;
}

// The next thing that this step does.
inline std::string next(Script& script, const std::string& step) {
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  std::string& list = script[step];
  const size_t end = std::min(list.find(';'), list.size());
  std::string action = list.substr(0, end);
  list.erase(0, end + 1);
  return action;
}

inline void raise(const std::string& action) {
  if (action == "bad_alloc") throw std::bad_alloc();
  if (action == "exception") throw std::runtime_error("a fault on purpose");
  if (action == "unknown") throw 42;
}

// Waits if the action is a time; false when it was told to stop meanwhile.
template <typename F> bool wait(const std::string& action, F&& go_on) {
  const size_t unit = action.find("ms");
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(std::atoi(action.c_str()));
  while (unit != std::string::npos && std::chrono::steady_clock::now() < end) {
    if (!go_on()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}
