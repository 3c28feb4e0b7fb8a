// A message as names and values, for tables that compare several.
#ifndef FCIS_TRAIN_WATCH_SETTINGS_H_
#define FCIS_TRAIN_WATCH_SETTINGS_H_

#include <map>
#include <string>

#include "google/protobuf/message.h"

namespace fcis::train {

// {"schedule.minutes", "10"}: each field that is not at its default, by its
// path; of a list all values, "[a, b]", of messages in text form. A message
// that is there with all at its default is "set".
std::map<std::string, std::string> Settings(
    const google::protobuf::Message& message);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_WATCH_SETTINGS_H_
