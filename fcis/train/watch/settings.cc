#include "fcis/train/watch/settings.h"

#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/text_format.h"

namespace fcis::train {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string Value(const Message& message, const FieldDescriptor& field,
                  int index) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  printer.PrintFieldValueToString(message, &field, index, &text);
  return std::string(absl::StripAsciiWhitespace(text));
}

void Add(const Message& message, const std::string& prefix,
         std::map<std::string, std::string>* settings) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string name = absl::StrCat(prefix, field->name());
    if (field->is_repeated()) {
      std::vector<std::string> values;
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        values.push_back(Value(message, *field, i));
      }
      (*settings)[name] = absl::StrCat("[", absl::StrJoin(values, ", "), "]");
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const size_t before = settings->size();
      Add(reflection.GetMessage(message, field), absl::StrCat(name, "."),
          settings);
      if (settings->size() == before) (*settings)[name] = "set";
    } else {
      const std::unique_ptr<Message> defaults(message.New());
      const std::string value = Value(message, *field, -1);
      if (value != Value(*defaults, *field, -1)) (*settings)[name] = value;
    }
  }
}

}  // namespace

std::map<std::string, std::string> Settings(const Message& message) {
  std::map<std::string, std::string> settings;
  Add(message, "", &settings);
  return settings;
}

}  // namespace fcis::train
