// Numbers that no configuration can mean, for tests of its checks.
#ifndef FCIS_CORE_TESTING_ABSURD_NUMBERS_H_
#define FCIS_CORE_TESTING_ABSURD_NUMBERS_H_

#include <functional>
#include <string>

#include "google/protobuf/message.h"

namespace fcis {

// Calls `check` with every numeric field that message's type declares, those of
// its submessages and lists included, as "rpn.scales[0]", while it alone has an
// absurd value: the lowest and the highest of an integer (of an unsigned one
// the highest), NaN and both infinities of a floating-point number. Submessages
// and elements that `message` lacks are added; a list of numbers gets one more.
// Afterwards `message` has the values from before, and what was added.
void ForEachAbsurdNumber(
    google::protobuf::Message* message,
    const std::function<void(const std::string& field)>& check);

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_ABSURD_NUMBERS_H_
