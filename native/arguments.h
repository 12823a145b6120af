#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "error.h"

namespace rerank {

// Arguments are validated for people in TypeScript; here only what would crash.

inline std::vector<int32_t> int32s(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array)
    throw Error("INTERNAL", "expected an Int32Array");
  auto array = value.As<Napi::Int32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

inline std::vector<float> floats(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array)
    throw Error("INTERNAL", "expected a Float32Array");
  auto array = value.As<Napi::Float32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

inline std::vector<uint8_t> bytes(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    throw Error("INTERNAL", "expected a Uint8Array");
  auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

inline std::string string(const Napi::Value& value) {
  if (!value.IsString()) throw Error("INTERNAL", "expected a string");
  return value.As<Napi::String>().Utf8Value();
}

inline double number(const Napi::Value& value) {
  if (!value.IsNumber()) throw Error("INTERNAL", "expected a number");
  return value.As<Napi::Number>().DoubleValue();
}

inline bool boolean(const Napi::Value& value) {
  if (!value.IsBoolean()) throw Error("INTERNAL", "expected a boolean");
  return value.As<Napi::Boolean>().Value();
}

inline Napi::Object object(const Napi::Value& value) {
  if (!value.IsObject()) throw Error("INTERNAL", "expected an object");
  return value.As<Napi::Object>();
}

template <typename Array, typename T> Array copied(Napi::Env env, const std::vector<T>& values) {
  auto array = Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

// Every entry from JavaScript goes through this: nothing but a JavaScript error with a code leaves it.
template <typename F> auto guarded(Napi::Env env, F&& function) -> decltype(function()) {
  auto fail = [&](const char* code, const char* message) {
    Napi::Error error = Napi::Error::New(env, message);
    error.Set("code", Napi::String::New(env, code));
    return error;
  };
  try {
    return function();
  } catch (const Error& e) {
    throw fail(e.code, e.what());
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw fail("INSUFFICIENT_MEMORY", "the system has no memory left for this call");
  } catch (const std::exception& e) {
    throw fail("NATIVE_ERROR", e.what());
  } catch (...) {
    throw fail("NATIVE_ERROR", "unknown C++ exception");
  }
}

}  // namespace rerank
