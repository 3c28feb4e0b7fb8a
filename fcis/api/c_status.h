// What every function of the C ABI is made with: statuses and exceptions become
// numbers and messages, and arrays go to the caller's buffers.
#ifndef FCIS_API_C_STATUS_H_
#define FCIS_API_C_STATUS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/fcis.h"

namespace fcis::api {

// The number of a status, its message in `error` (fcis.h).
int Report(const absl::Status& status, char* error, size_t error_size) noexcept;

// The same of the exception that is being handled.
int ReportException(char* error, size_t error_size) noexcept;

// Calls call(), which returns an absl::Status and may throw.
template <typename Call>
int Guarded(char* error, size_t error_size, const Call& call) noexcept {
  try {
    return Report(call(), error, error_size);
  } catch (...) {
    return ReportException(error, error_size);
  }
}

// OK unless `pointer` is null: an InvalidArgument that names it.
absl::Status CheckGiven(const void* pointer, absl::string_view name);

// OK if there may be n entries at `values`: 0 to 2^31 - 1 of them, and a
// pointer if there are some. Else an InvalidArgument that names it.
absl::Status CheckArray(const void* values, int64_t n, absl::string_view name);

// FCIS_BUFFER_TOO_SMALL.
absl::Status TooSmall(size_t capacity, size_t needed);

// Copies as fcis.h's conventions have it.
template <typename T>
absl::Status CopyOut(absl::Span<const T> from, T* buffer, size_t capacity,
                     size_t* needed) {
  if (needed != nullptr) *needed = from.size();
  if (buffer == nullptr) return absl::OkStatus();
  if (capacity < from.size()) return TooSmall(capacity, from.size());
  std::copy(from.begin(), from.end(), buffer);
  return absl::OkStatus();
}

// The same with a NUL behind.
absl::Status CopyText(absl::string_view text, char* buffer, size_t capacity,
                      size_t* needed);

}  // namespace fcis::api

#endif  // FCIS_API_C_STATUS_H_
