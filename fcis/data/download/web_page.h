// Web pages that arrive where a file was expected: told apart, and followed
// where Google Drive asks for a confirmation.
#ifndef FCIS_DATA_DOWNLOAD_WEB_PAGE_H_
#define FCIS_DATA_DOWNLOAD_WEB_PAGE_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace fcis::data {

// True for a page, by the type that the server states or by its first bytes
// (file_kind.h).
bool LooksLikeHtml(absl::string_view content_type, absl::string_view bytes);

// Where Google Drive's "cannot scan for viruses" page leads; none for any other
// page. Only to the page's own host or Google's.
std::optional<std::string> DriveConfirmUrl(absl::string_view page,
                                           const std::string& page_url);

// What the page is, for an error message: Drive's quota, or its title.
std::string DescribePage(absl::string_view page);

// The host of an address; "" if there is none.
std::string HostOf(const std::string& url);

}  // namespace fcis::data

#endif  // FCIS_DATA_DOWNLOAD_WEB_PAGE_H_
