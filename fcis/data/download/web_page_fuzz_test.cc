// Pages that servers send in the place of files: an address that is followed is
// Google's or the page's own host's. Input: a letter for the page's address,
// then the page.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "fcis/data/download/web_page.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fcis::data;  // NOLINT
  if (size == 0) return 0;
  const absl::string_view page(reinterpret_cast<const char*>(data) + 1,
                               size - 1);
  const std::string from = data[0] == 'g' ? "https://drive.google.com/uc?id=1"
                                          : "http://example.org/a";
  const auto url = DriveConfirmUrl(page, from);
  if (url.has_value()) {
    const std::string host = HostOf(*url);
    ABSL_RAW_CHECK(host == HostOf(from) ||
                       absl::EndsWith(host, ".google.com") ||
                       absl::EndsWith(host, ".googleusercontent.com"),
                   url->c_str());
  }
  LooksLikeHtml("", page);
  DescribePage(page);
  HostOf(std::string(page));
  return 0;
}
