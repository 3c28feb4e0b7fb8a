#include "fcis/core/base/within.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace fcis {

absl::Status Within(absl::string_view where, const absl::Status& status) {
  if (status.ok()) return status;
  absl::Status told(status.code(), absl::StrCat(where, ": ", status.message()));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    told.SetPayload(url, payload);
  });
  return told;
}

}  // namespace fcis
