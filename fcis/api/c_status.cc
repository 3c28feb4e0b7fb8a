#include "fcis/api/c_status.h"

#include <exception>
#include <new>
#include <stdexcept>

#include "absl/strings/str_cat.h"

namespace fcis::api {
namespace {

// A status of this code is FCIS_BUFFER_TOO_SMALL; none else has it.
constexpr absl::StatusCode kTooSmall = absl::StatusCode::kAborted;

fcis_status KindOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return FCIS_OK;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kDataLoss:
      return FCIS_INVALID_ARGUMENT;
    case absl::StatusCode::kNotFound:
      return FCIS_NOT_FOUND;
    case kTooSmall:
      return FCIS_BUFFER_TOO_SMALL;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kPermissionDenied:
      return FCIS_UNAVAILABLE;
    case absl::StatusCode::kUnimplemented:
      return FCIS_UNIMPLEMENTED;
    case absl::StatusCode::kResourceExhausted:
      return FCIS_OUT_OF_MEMORY;
    default:
      return FCIS_INTERNAL;
  }
}

int Tell(fcis_status kind, absl::string_view message, char* error,
         size_t error_size) noexcept {
  if (error != nullptr && error_size > 0) {
    const size_t length = std::min(message.size(), error_size - 1);
    std::copy_n(message.data(), length, error);
    error[length] = '\0';
  }
  return kind;
}

}  // namespace

int Report(const absl::Status& status, char* error,
           size_t error_size) noexcept {
  return Tell(KindOf(status.code()), status.message(), error, error_size);
}

int ReportException(char* error, size_t error_size) noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return Tell(FCIS_OUT_OF_MEMORY, "out of memory", error, error_size);
  } catch (const std::length_error& exception) {
    return Tell(FCIS_OUT_OF_MEMORY, exception.what(), error, error_size);
  } catch (const std::exception& exception) {
    return Tell(FCIS_INTERNAL, exception.what(), error, error_size);
  } catch (...) {
    return Tell(FCIS_INTERNAL, "unknown exception", error, error_size);
  }
}

absl::Status CheckGiven(const void* pointer, absl::string_view name) {
  if (pointer != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is NULL, expected a pointer"));
}

absl::Status CheckArray(const void* values, int64_t n, absl::string_view name) {
  constexpr int64_t kMost = int64_t{1} << 31;
  if (n < 0 || n >= kMost) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": ", n, " entries, expected 0 to 2^31 - 1"));
  }
  return n == 0 ? absl::OkStatus() : CheckGiven(values, name);
}

absl::Status TooSmall(size_t capacity, size_t needed) {
  return absl::Status(kTooSmall,
                      absl::StrCat("the buffer has room for ", capacity,
                                   " elements, expected at least ", needed));
}

absl::Status CopyText(absl::string_view text, char* buffer, size_t capacity,
                      size_t* needed) {
  const size_t size = text.size() + 1;
  if (needed != nullptr) *needed = size;
  if (buffer == nullptr) return absl::OkStatus();
  if (capacity < size) return TooSmall(capacity, size);
  std::copy(text.begin(), text.end(), buffer);
  buffer[text.size()] = '\0';
  return absl::OkStatus();
}

}  // namespace fcis::api
