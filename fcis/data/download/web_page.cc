#include "fcis/data/download/web_page.h"

#include <curl/curl.h>

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/io/file_kind.h"

namespace fcis::data {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

std::string Part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  const std::string copy = text;
  curl_free(text);
  return copy;
}

// `link` as seen from a page at `base`; "" if either cannot be read.
std::string ResolveUrl(const std::string& base, const std::string& link) {
  const Url url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK ||
      curl_url_set(url.get(), CURLUPART_URL, link.c_str(), 0) != CURLUE_OK) {
    return "";
  }
  return Part(url.get(), CURLUPART_URL);
}

std::string Unescape(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&amp;", "&"},
                                    {"&quot;", "\""},
                                    {"&#39;", "'"},
                                    {"&lt;", "<"},
                                    {"&gt;", ">"}});
}

// The text of `page` between `begin` and `end` from `*from` on, which moves
// behind it; none at the end.
std::optional<absl::string_view> Between(absl::string_view page,
                                         absl::string_view begin,
                                         absl::string_view end, size_t* from) {
  const size_t at = page.find(begin, *from);
  if (at == absl::string_view::npos) return std::nullopt;
  const size_t start = at + begin.size();
  const size_t stop = page.find(end, start);
  if (stop == absl::string_view::npos) return std::nullopt;
  *from = stop + end.size();
  return page.substr(start, stop - start);
}

// The value of name="value" in a tag.
std::string Attribute(absl::string_view tag, absl::string_view name) {
  size_t from = 0;
  const auto value = Between(tag, absl::StrCat(" ", name, "=\""), "\"", &from);
  return value ? Unescape(*value) : "";
}

std::string Escape(const std::string& text) {
  char* escaped = curl_easy_escape(nullptr, text.data(), text.size());
  const std::string copy = escaped == nullptr ? "" : escaped;
  curl_free(escaped);
  return copy;
}

// The address that the page's form "download-form" would ask for.
std::string FormUrl(absl::string_view page) {
  size_t from = 0;
  while (const auto form = Between(page, "<form", ">", &from)) {
    if (Attribute(*form, "id") != "download-form") continue;
    const size_t end = std::min(page.find("</form", from), page.size());
    std::string url = Attribute(*form, "action");
    char separator = absl::StrContains(url, "?") ? '&' : '?';
    const absl::string_view inside = page.substr(from, end - from);
    size_t at = 0;
    while (const auto input = Between(inside, "<input", ">", &at)) {
      const std::string name = Attribute(*input, "name");
      if (name.empty()) continue;
      absl::StrAppend(&url, absl::string_view(&separator, 1), Escape(name), "=",
                      Escape(Attribute(*input, "value")));
      separator = '&';
    }
    return url;
  }
  return "";
}

// The older page: a link with confirm=<token>.
std::string LinkUrl(absl::string_view page) {
  size_t from = 0;
  while (const auto link = Between(page, "href=\"", "\"", &from)) {
    if (absl::StrContains(*link, "confirm=") &&
        absl::StrContains(*link, "export=download")) {
      return Unescape(*link);
    }
  }
  return "";
}

bool IsGoogle(const std::string& host) {
  return absl::EndsWith(host, ".google.com") ||
         absl::EndsWith(host, ".googleusercontent.com");
}

}  // namespace

bool LooksLikeHtml(absl::string_view content_type, absl::string_view bytes) {
  if (absl::StartsWithIgnoreCase(content_type, "text/html")) return true;
  return KindOfBytes(bytes) == FileKind::kHtml;
}

std::optional<std::string> DriveConfirmUrl(absl::string_view page,
                                           const std::string& page_url) {
  std::string link = FormUrl(page);
  if (link.empty()) link = LinkUrl(page);
  if (link.empty()) return std::nullopt;
  const std::string url = ResolveUrl(page_url, link);
  const std::string host = HostOf(url);
  if (host.empty() || (host != HostOf(page_url) && !IsGoogle(host))) {
    return std::nullopt;
  }
  return url;
}

std::string DescribePage(absl::string_view page) {
  if (absl::StrContains(page, "Quota exceeded") ||
      absl::StrContains(page, "Too many users have viewed or downloaded")) {
    return "Google Drive's quota for this file is used up for now";
  }
  size_t from = 0;
  const auto title = Between(page, "<title>", "</title>", &from);
  if (!title) return "sent a web page, not a file";
  constexpr size_t kLongestTitle = 80;
  return absl::StrCat(
      "sent a web page, not a file: '",
      absl::StripAsciiWhitespace(Unescape(title->substr(0, kLongestTitle))),
      "'");
}

std::string HostOf(const std::string& url) {
  const Url parsed(curl_url());
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return "";
  }
  return absl::AsciiStrToLower(Part(parsed.get(), CURLUPART_HOST));
}

}  // namespace fcis::data
