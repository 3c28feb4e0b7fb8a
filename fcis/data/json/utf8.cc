#include "fcis/data/json/utf8.h"

#include "absl/strings/ascii.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::data {

bool IsUtf8(absl::string_view text) {
  rapidjson::StringBuffer unused;
  rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>,
                    rapidjson::UTF8<>, rapidjson::CrtAllocator,
                    rapidjson::kWriteValidateEncodingFlag>
      validator(unused);
  return validator.String(text.data(),
                          static_cast<rapidjson::SizeType>(text.size()));
}

std::string ValidUtf8(absl::string_view text) {
  std::string valid(text);
  if (IsUtf8(text)) return valid;
  for (char& c : valid) {
    if (!absl::ascii_isascii(static_cast<unsigned char>(c))) c = '?';
  }
  return valid;
}

}  // namespace fcis::data
