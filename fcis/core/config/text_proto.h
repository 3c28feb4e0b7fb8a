// Messages in text form, with errors that say where.
#ifndef FCIS_CORE_CONFIG_TEXT_PROTO_H_
#define FCIS_CORE_CONFIG_TEXT_PROTO_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace fcis {

// Adds the fields of `text` to `message`; a field given before is replaced, a
// list grows. Errors name `source`, line and column.
absl::Status MergeTextProto(absl::string_view text, absl::string_view source,
                            google::protobuf::Message* message);

// The message in text form, as checkpoints and run directories keep it.
std::string AsText(const google::protobuf::Message& message);

}  // namespace fcis

#endif  // FCIS_CORE_CONFIG_TEXT_PROTO_H_
