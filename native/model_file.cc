#include "model_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "error.h"
#include "library.h"

#ifdef _WIN32
#include <windows.h>

#include <filesystem>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

namespace rerank {

#ifdef _WIN32

// Descriptors belong to the C runtime that made them: those of node, of this addon and of llama.cpp are three. So the path is
// opened again, and compared with what was checked while a handle that shares neither writing nor deleting keeps it as it is.

namespace {

uint64_t joined(DWORD high, DWORD low) { return static_cast<uint64_t>(high) << 32 | low; }

std::string identity_of(HANDLE file) {
  BY_HANDLE_FILE_INFORMATION info;
  if (!GetFileInformationByHandle(file, &info)) return "";
  constexpr uint64_t k1970 = 116444736000000000ull;
  const uint64_t modified = joined(info.ftLastWriteTime.dwHighDateTime, info.ftLastWriteTime.dwLowDateTime);
  return std::to_string(joined(info.nFileIndexHigh, info.nFileIndexLow)) + ":" +
         std::to_string(joined(info.nFileSizeHigh, info.nFileSizeLow)) + ":" + std::to_string((modified - k1970) * 100);
}

}  // namespace

ModelFile::ModelFile(std::string path, int descriptor, std::string identity)
    : path_(std::move(path)), identity_(std::move(identity)), descriptor_(descriptor) {}

ModelFile::~ModelFile() = default;

llama_model* ModelFile::load(const llama_model_params& params) const {
  if (descriptor_ < 0) return lib().llama_model_load_from_file(path_.c_str(), params);
  std::unique_ptr<void, decltype(&CloseHandle)> locked(CreateFileW(std::filesystem::u8path(path_).c_str(), GENERIC_READ,
                                                                   FILE_SHARE_READ, nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL,
                                                                   nullptr),
                                                       CloseHandle);
  if (locked.get() == INVALID_HANDLE_VALUE) {
    const DWORD error = GetLastError();
    locked.release();
    throw Error("MODEL_UNREADABLE",
                path_ + ": it cannot be opened again, perhaps because another program is writing to it (Windows error " +
                    std::to_string(error) + ")");
  }
  if (identity_of(locked.get()) != identity_)
    throw Error("MODEL_CHANGED", path_ + ": the file was replaced or written to while it was being loaded. Load it again");
  return lib().llama_model_load_from_file(path_.c_str(), params);
}

#else

ModelFile::ModelFile(std::string path, int descriptor, std::string identity)
    : path_(std::move(path)), identity_(std::move(identity)) {
  if (descriptor < 0) return;
  descriptor_ = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (descriptor_ < 0) throw Error("MODEL_UNREADABLE", path_ + ": " + std::strerror(errno));
}

ModelFile::~ModelFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

llama_model* ModelFile::load(const llama_model_params& params) const {
  if (descriptor_ < 0) return lib().llama_model_load_from_file(path_.c_str(), params);
  // llama.cpp leaves the stream open, and maps the file by its descriptor.
  const int descriptor = fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
  std::unique_ptr<FILE, int (*)(FILE*)> stream(descriptor < 0 ? nullptr : fdopen(descriptor, "rb"), fclose);
  if (!stream) {
    const int error = errno;
    if (descriptor >= 0) close(descriptor);
    throw Error("MODEL_UNREADABLE", path_ + ": " + std::strerror(error));
  }
  // Duplicates share one position.
  std::rewind(stream.get());
  return lib().llama_model_load_from_file_ptr(stream.get(), params);
}

#endif

}  // namespace rerank
