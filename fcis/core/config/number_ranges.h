// The values that the numbers of a message may have.
#ifndef FCIS_CORE_CONFIG_NUMBER_RANGES_H_
#define FCIS_CORE_CONFIG_NUMBER_RANGES_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace fcis {

// OK when each number that `message` gives is in its field's range, which the
// option `range` (range.proto) says; those of submessages and lists count,
// those that are not given do not. Else an error about the first one:
// "rpn.scales[1] is nan, expected 0.001 to 1024". NaN is in no range. A number
// without a range is an InternalError.
absl::Status CheckNumbers(const google::protobuf::Message& message);

}  // namespace fcis

#endif  // FCIS_CORE_CONFIG_NUMBER_RANGES_H_
