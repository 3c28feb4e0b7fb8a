// What texts of JSON are in.
#ifndef FCIS_DATA_JSON_UTF8_H_
#define FCIS_DATA_JSON_UTF8_H_

#include <string>

#include "absl/strings/string_view.h"

namespace fcis::data {

// What editors on Windows put before it.
inline constexpr absl::string_view kUtf8Mark = "\xEF\xBB\xBF";

bool IsUtf8(absl::string_view text);

// The text; where it is no UTF-8, with ? for each byte that is not ASCII.
std::string ValidUtf8(absl::string_view text);

}  // namespace fcis::data

#endif  // FCIS_DATA_JSON_UTF8_H_
