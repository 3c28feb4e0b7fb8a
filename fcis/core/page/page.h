// Pages for a browser that need nothing but themselves.
#ifndef FCIS_CORE_PAGE_PAGE_H_
#define FCIS_CORE_PAGE_PAGE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace fcis {

// A complete document: `html`, with the style and the functions that all pages
// share (page.css, page.js) in place of its marks @STYLE@ and @SCRIPT@, and the
// data that its script draws, a JSON, in place of @DATA@. Of the data nothing
// can end the script element that they are in.
std::string MakePage(absl::string_view html, absl::string_view json);

}  // namespace fcis

#endif  // FCIS_CORE_PAGE_PAGE_H_
