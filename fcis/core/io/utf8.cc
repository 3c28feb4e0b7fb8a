#include "fcis/core/io/utf8.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis {

bool IsUtf8(absl::string_view text) {
  if (std::all_of(text.begin(), text.end(), absl::ascii_isascii)) return true;
  rapidjson::StringBuffer unused;
  rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>,
                    rapidjson::UTF8<>, rapidjson::CrtAllocator,
                    rapidjson::kWriteValidateEncodingFlag>
      validator(unused);
  // It reads all of a letter that the end cuts off.
  std::string read(text);
  read.append(4, '\0');
  return validator.String(read.data(),
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

}  // namespace fcis
