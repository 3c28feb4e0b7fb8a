// Whether the processes of a job work on the same thing.
#ifndef FCIS_CORE_COMM_SAME_EVERYWHERE_H_
#define FCIS_CORE_COMM_SAME_EVERYWHERE_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "fcis/core/comm/communicator.h"

namespace fcis {

// What must be the same bytes in all processes, and its name in the error.
struct NamedBytes {
  absl::string_view name;
  absl::string_view bytes;
};

// All processes call it with the same names in the same order. Error, in all of
// them: the ranks that differ from rank 0, and in which of the parts.
absl::Status CheckSameEverywhere(const std::vector<NamedBytes>& parts,
                                 Communicator* job);

}  // namespace fcis

#endif  // FCIS_CORE_COMM_SAME_EVERYWHERE_H_
