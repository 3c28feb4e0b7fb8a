#include "fcis/core/config/number_ranges.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/range.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"

namespace fcis {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool IsNumber(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
    case FieldDescriptor::CPPTYPE_ENUM:
    case FieldDescriptor::CPPTYPE_STRING:
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return false;
    default:
      return true;
  }
}

// index: in a list; else -1. path: for the user.
absl::Status CheckNumber(const Message& message, const FieldDescriptor& field,
                         int index, const std::string& path) {
  const std::string& text = field.options().GetExtension(range);
  const std::pair<absl::string_view, absl::string_view> bounds =
      absl::StrSplit(text, " to ");
  double least = 0, most = 0, value = 0;
  if (!absl::SimpleAtod(bounds.first, &least) ||
      !absl::SimpleAtod(bounds.second, &most)) {
    return absl::InternalError(
        absl::StrCat("no range is known for ", field.full_name()));
  }
  std::string found;
  google::protobuf::TextFormat::PrintFieldValueToString(message, &field, index,
                                                        &found);
  // Written so that NaN fails.
  if (absl::SimpleAtod(found, &value) && value >= least && value <= most) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path, " is ", found, ", expected ", text));
}

absl::Status CheckMessage(const Message& message, const std::string& prefix) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> given;
  reflection.ListFields(message, &given);
  for (const FieldDescriptor* field : given) {
    const bool list = field->is_repeated();
    const int count = list ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const std::string path = absl::StrCat(
          prefix, field->name(), list ? absl::StrCat("[", i, "]") : "");
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        RETURN_IF_ERROR(
            CheckMessage(list ? reflection.GetRepeatedMessage(message, field, i)
                              : reflection.GetMessage(message, field),
                         absl::StrCat(path, ".")));
      } else if (IsNumber(*field)) {
        RETURN_IF_ERROR(CheckNumber(message, *field, list ? i : -1, path));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckNumbers(const Message& message) {
  return CheckMessage(message, "");
}

}  // namespace fcis
