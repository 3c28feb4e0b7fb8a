// Any text as a part of a page.
#ifndef FCIS_EVAL_REPORT_ESCAPE_HTML_H_
#define FCIS_EVAL_REPORT_ESCAPE_HTML_H_

#include <string>

#include "absl/strings/string_view.h"

namespace fcis {

// For HTML text and attributes: & < > " ' become entities; bytes that are no
// UTF-8, and control characters but tab and line feed, become U+FFFD.
std::string EscapeHtml(absl::string_view text);

}  // namespace fcis

#endif  // FCIS_EVAL_REPORT_ESCAPE_HTML_H_
