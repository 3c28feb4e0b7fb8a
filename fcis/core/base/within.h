// An error that is told again by one who knows where it was.
#ifndef FCIS_CORE_BASE_WITHIN_H_
#define FCIS_CORE_BASE_WITHIN_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fcis {

// "<where>: <message>", of the same code and with the same payloads, by which
// programs choose their exit code; OK stays OK.
absl::Status Within(absl::string_view where, const absl::Status& status);

template <typename T>
absl::StatusOr<T> Within(absl::string_view where, absl::StatusOr<T> value) {
  if (value.ok()) return value;
  return Within(where, value.status());
}

}  // namespace fcis

#endif  // FCIS_CORE_BASE_WITHIN_H_
