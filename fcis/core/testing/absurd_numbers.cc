#include "fcis/core/testing/absurd_numbers.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"

namespace fcis {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// In text form; none: no number.
std::vector<const char*> AbsurdValues(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return {"-2147483648", "2147483647"};
    case FieldDescriptor::CPPTYPE_INT64:
      return {"-9223372036854775808", "9223372036854775807"};
    case FieldDescriptor::CPPTYPE_UINT32:
      return {"4294967295"};
    case FieldDescriptor::CPPTYPE_UINT64:
      return {"18446744073709551615"};
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return {"nan", "inf", "-inf"};
    default:
      return {};
  }
}

// The field's message; of a list the first one.
Message* Submessage(const FieldDescriptor& field, Message* message) {
  const Reflection& reflection = *message->GetReflection();
  if (!field.is_repeated()) return reflection.MutableMessage(message, &field);
  return reflection.FieldSize(*message, &field) > 0
             ? reflection.MutableRepeatedMessage(message, &field, 0)
             : reflection.AddMessage(message, &field);
}

void Visit(const std::string& prefix, Message* message,
           const std::function<void(const std::string& field)>& check) {
  const google::protobuf::Descriptor& type = *message->GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    std::string path = absl::StrCat(prefix, field.name());
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      absl::StrAppend(&path, field.is_repeated() ? "[0]." : ".");
      Visit(path, Submessage(field, message), check);
      continue;
    }
    if (field.is_repeated()) {
      absl::StrAppend(&path, "[",
                      message->GetReflection()->FieldSize(*message, &field),
                      "]");
    }
    const std::unique_ptr<Message> before(message->New());
    before->CopyFrom(*message);
    for (const char* value : AbsurdValues(field)) {
      google::protobuf::TextFormat::ParseFieldValueFromString(value, &field,
                                                              message);
      check(path);
      message->CopyFrom(*before);
    }
  }
}

}  // namespace

void ForEachAbsurdNumber(
    Message* message,
    const std::function<void(const std::string& field)>& check) {
  Visit("", message, check);
}

}  // namespace fcis
