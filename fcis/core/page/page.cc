#include "fcis/core/page/page.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/page/page_parts.h"

namespace fcis {

std::string MakePage(absl::string_view html, absl::string_view json) {
  // "<" stands in texts only.
  const std::string data = absl::StrReplaceAll(json, {{"<", "\\u003c"}});
  return absl::StrReplaceAll(
      absl::StripLeadingAsciiWhitespace(html),
      {{"@STYLE@", kPageCss}, {"@SCRIPT@", kPageJs}, {"@DATA@", data}});
}

}  // namespace fcis
