// The encoding of texts, of JSON above all.
#ifndef FCIS_CORE_IO_UTF8_H_
#define FCIS_CORE_IO_UTF8_H_

#include <string>

#include "absl/strings/string_view.h"

namespace fcis {

// What editors on Windows put before it.
inline constexpr absl::string_view kUtf8Mark = "\xEF\xBB\xBF";

bool IsUtf8(absl::string_view text);

// The text; where it is no UTF-8, with ? for each byte that is not ASCII.
std::string ValidUtf8(absl::string_view text);

}  // namespace fcis

#endif  // FCIS_CORE_IO_UTF8_H_
