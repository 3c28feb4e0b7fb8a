#include "fcis/core/config/number_ranges.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
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

// A bound, with all digits when it is a whole number that a person may write.
std::string Text(double bound) {
  constexpr double kMostWritten = 1e15;
  if (std::floor(bound) == bound && std::abs(bound) < kMostWritten) {
    return absl::StrCat(static_cast<int64_t>(bound));
  }
  return absl::StrCat(bound);
}

// index: in a list; else -1. path: for the user.
absl::Status CheckNumber(const Message& message, const FieldDescriptor& field,
                         int index, const std::string& path,
                         absl::Span<const NumberRange> ranges) {
  absl::string_view name = field.full_name();
  absl::ConsumePrefix(&name, absl::StrCat(field.file()->package(), "."));
  const auto range =
      std::find_if(ranges.begin(), ranges.end(),
                   [&](const NumberRange& r) { return r.field == name; });
  if (range == ranges.end()) {
    return absl::InternalError(absl::StrCat("no range is known for ", name));
  }
  std::string found;
  google::protobuf::TextFormat::PrintFieldValueToString(message, &field, index,
                                                        &found);
  double value = 0;
  // Written so that NaN fails.
  if (absl::SimpleAtod(found, &value) && value >= range->least &&
      value <= range->most) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path, " is ", found, ", expected ", Text(range->least),
                   " to ", Text(range->most)));
}

absl::Status CheckMessage(const Message& message, const std::string& prefix,
                          absl::Span<const NumberRange> ranges) {
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
                         absl::StrCat(path, "."), ranges));
      } else if (IsNumber(*field)) {
        RETURN_IF_ERROR(
            CheckNumber(message, *field, list ? i : -1, path, ranges));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckNumbers(const Message& message,
                          absl::Span<const NumberRange> ranges) {
  return CheckMessage(message, "", ranges);
}

}  // namespace fcis
