// The frame of a page that needs nothing but itself: style and script inside.
#ifndef FCIS_EVAL_REPORT_PAGE_FRAME_H_
#define FCIS_EVAL_REPORT_PAGE_FRAME_H_

#include <string>

#include "absl/strings/string_view.h"

namespace fcis {

// An HTML5 document. `title` is text, `body` HTML. Follows the reader's light
// or dark scheme; the headings of tables of class "sortable" sort them. Its
// content security policy allows no address but data: ones.
std::string HtmlPage(absl::string_view title, absl::string_view body);

}  // namespace fcis

#endif  // FCIS_EVAL_REPORT_PAGE_FRAME_H_
