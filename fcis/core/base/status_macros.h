// Early return on a failed absl::Status, so that errors travel as values.
//
//   RETURN_IF_ERROR(WriteFile(path, bytes));
//   ASSIGN_OR_RETURN(Image image, ReadImage(path));
#ifndef FCIS_CORE_BASE_STATUS_MACROS_H_
#define FCIS_CORE_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"

#define FCIS_MACRO_CONCAT_INNER(a, b) a##b
#define FCIS_MACRO_CONCAT(a, b) FCIS_MACRO_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expr)                  \
  do {                                         \
    absl::Status fcis_status = (expr);         \
    if (!fcis_status.ok()) return fcis_status; \
  } while (false)

#define ASSIGN_OR_RETURN(lhs, expr)                                            \
  FCIS_ASSIGN_OR_RETURN_IMPL(FCIS_MACRO_CONCAT(fcis_statusor_, __LINE__), lhs, \
                             expr)

#define FCIS_ASSIGN_OR_RETURN_IMPL(statusor, lhs, expr) \
  auto statusor = (expr);                               \
  if (!statusor.ok()) return statusor.status();         \
  lhs = std::move(statusor).value()

#endif  // FCIS_CORE_BASE_STATUS_MACROS_H_
