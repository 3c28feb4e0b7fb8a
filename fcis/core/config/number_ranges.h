// The values that the numbers of a message may have, as a table.
#ifndef FCIS_CORE_CONFIG_NUMBER_RANGES_H_
#define FCIS_CORE_CONFIG_NUMBER_RANGES_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"

namespace fcis {

struct NumberRange {
  // Message and field, as in "BackboneConfig.blocks" or
  // "ScheduleConfig.Phase.lr".
  absl::string_view field;
  // Both belong to the range. Infinite: any value.
  double least, most;
};

// OK when each number that `message` gives is in its field's range; those of
// submessages and lists count, those that are not given do not. Else an error
// about the first one: "rpn.scales[1] is nan, expected 0.001 to 1024". NaN is
// in no range. A number without a range is an InternalError.
absl::Status CheckNumbers(const google::protobuf::Message& message,
                          absl::Span<const NumberRange> ranges);

}  // namespace fcis

#endif  // FCIS_CORE_CONFIG_NUMBER_RANGES_H_
