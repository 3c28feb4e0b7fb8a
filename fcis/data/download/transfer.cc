#include "fcis/data/download/transfer.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/io/file.h"
#include "fcis/data/download/free_space.h"
#include "fcis/data/download/web_page.h"

namespace fcis::data {
namespace {

constexpr size_t kLongestPage = 256 << 10;

// "bytes 100-199/5000" and "bytes */5000"; -1 for what is not stated.
struct ContentRange {
  int64_t first = -1, total = -1;
};

ContentRange ParseContentRange(absl::string_view text) {
  ContentRange range;
  if (!absl::ConsumePrefix(&text, "bytes ")) return range;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  if (parts.size() != 2) return range;
  if (!absl::SimpleAtoi(parts[1], &range.total)) range.total = -1;
  const absl::string_view first = parts[0].substr(0, parts[0].find('-'));
  if (!absl::SimpleAtoi(first, &range.first)) range.first = -1;
  return range;
}

// Errors of a connection that was there: another try may do.
bool IsBreak(CURLcode code) {
  switch (code) {
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_OPERATION_TIMEDOUT:
      return true;
    default:
      return false;
  }
}

bool IsUnreachable(CURLcode code) {
  return code == CURLE_COULDNT_RESOLVE_HOST ||
         code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_CONNECT;
}

bool IsPassing(long code) {  // NOLINT(runtime/int): curl's type.
  return code == 408 || code == 425 || code == 429 || code >= 500;
}

// One request on its way.
class Transfer {
 public:
  Transfer(const TransferRequest& request, CURL* curl)
      : request_(request), curl_(curl), end_(request.offset) {}
  ~Transfer() {
    if (fd_ >= 0) close(fd_);
  }

  void Header(absl::string_view line) {
    // Each answer of a chain of redirects begins with its own status line.
    if (absl::StartsWith(line, "HTTP/")) headers_.clear();
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) return;
    headers_[absl::AsciiStrToLower(line.substr(0, colon))] =
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
  }

  // False: the transfer ends with `result_`.
  bool Body(absl::string_view bytes) {
    if (!begun_ && !Begin(bytes)) return false;
    if (to_page_) {
      const size_t room = kLongestPage - result_.page.size();
      absl::StrAppend(&result_.page, bytes.substr(0, room));
      return true;
    }
    if (request_.expected_size > 0 &&
        end_ + static_cast<int64_t>(bytes.size()) > request_.expected_size) {
      return End(TransferEnd::kRefused,
                 absl::StrCat("sends more than the expected ",
                              request_.expected_size, " bytes"));
    }
    return Write(bytes);
  }

  TransferResult Finish(CURLcode code, const char* error) {
    if (ended_) return result_;
    if (code == CURLE_OK) {
      Answered();
    } else {
      Failed(code, error[0] != '\0' ? error : curl_easy_strerror(code));
    }
    return result_;
  }

 private:
  long Code() const {  // NOLINT(runtime/int): curl's type.
    long code = 0;     // NOLINT(runtime/int)
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &code);
    return code;
  }
  // file:// has no code.
  bool IsFileCode() const {
    return Code() == 200 || Code() == 206 || Code() == 0;
  }
  std::string HeaderOf(const char* name) const {
    const auto found = headers_.find(name);
    return found == headers_.end() ? "" : found->second;
  }

  bool End(TransferEnd end, std::string reason) {
    ended_ = true;
    result_.end = end;
    result_.reason = std::move(reason);
    return false;
  }
  bool LocalError(absl::string_view what, int error) {
    return End(
        TransferEnd::kLocalError,
        absl::StrCat(what, " ", request_.part, ": ", std::strerror(error)));
  }

  // At the first byte of the body: where does it go?
  bool Begin(absl::string_view bytes) {
    begun_ = true;
    if (!IsFileCode() || LooksLikeHtml(HeaderOf("content-type"), bytes)) {
      to_page_ = true;
      return true;
    }
    if (Code() == 206) {
      const ContentRange range = ParseContentRange(HeaderOf("content-range"));
      if (range.first != request_.offset) {
        return End(TransferEnd::kStale, "answers with another range");
      }
      total_ = range.total;
    } else {
      end_ = 0;
      curl_off_t length = -1;
      curl_easy_getinfo(curl_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
      total_ = length;
    }
    return CheckSize() && OpenPart();
  }

  bool CheckSize() {
    if (request_.expected_size > 0 && total_ >= 0 &&
        total_ != request_.expected_size) {
      return End(TransferEnd::kRefused,
                 absl::StrCat("has ", total_, " bytes, expected ",
                              request_.expected_size));
    }
    const absl::Status space =
        CheckFreeSpace(request_.part, std::max<int64_t>(total_ - end_, 0));
    if (space.ok()) return true;
    return End(TransferEnd::kLocalError, std::string(space.message()));
  }

  bool OpenPart() {
    fd_ = open(request_.part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd_ < 0) return LocalError("cannot write", errno);
    if (ftruncate(fd_, end_) != 0 || lseek(fd_, end_, SEEK_SET) < 0) {
      return LocalError("cannot write", errno);
    }
    if (end_ == 0 && request_.started) request_.started(Validator());
    return true;
  }

  // What If-Range may state: a strong ETag, else the date.
  std::string Validator() const {
    const std::string tag = HeaderOf("etag");
    if (!tag.empty() && !absl::StartsWith(tag, "W/")) return tag;
    return HeaderOf("last-modified");
  }

  bool Write(absl::string_view bytes) {
    if (!WriteAll(fd_, bytes)) return LocalError("cannot write", errno);
    end_ += static_cast<int64_t>(bytes.size());
    if (request_.progress) {
      request_.progress(end_, std::max<int64_t>(total_, 0));
    }
    return true;
  }

  // The exchange went well as such.
  void Answered() {
    const long code = Code();  // NOLINT(runtime/int)
    if (code == 416) {
      RangeBeyondTheEnd();
    } else if (!IsFileCode()) {
      HttpError(code);
    } else if (to_page_) {
      char* url = nullptr;
      curl_easy_getinfo(curl_, CURLINFO_EFFECTIVE_URL, &url);
      result_.page_url = url == nullptr ? request_.url : url;
      End(TransferEnd::kPage, DescribePage(result_.page));
    } else if (!begun_) {
      End(TransferEnd::kRefused, "sends an empty file");
    } else if (end_ < request_.expected_size) {
      // A server that states no length cannot be caught otherwise.
      End(TransferEnd::kBroken, absl::StrCat("broke off at byte ", end_));
    } else {
      End(TransferEnd::kComplete, "");
    }
  }

  void RangeBeyondTheEnd() {
    const ContentRange range = ParseContentRange(HeaderOf("content-range"));
    if (range.total > 0 && range.total == request_.offset) {
      End(TransferEnd::kComplete, "");
    } else {
      End(TransferEnd::kStale, "has nothing at the byte to go on from");
    }
  }

  void HttpError(long code) {  // NOLINT(runtime/int)
    curl_off_t wait = 0;
    curl_easy_getinfo(curl_, CURLINFO_RETRY_AFTER, &wait);
    result_.retry_after = absl::Seconds(wait);
    std::string reason = absl::StrCat("HTTP ", code);
    if (to_page_ && LooksLikeHtml(HeaderOf("content-type"), result_.page)) {
      absl::StrAppend(&reason, ", ", DescribePage(result_.page));
    }
    End(IsPassing(code) ? TransferEnd::kBroken : TransferEnd::kRefused, reason);
  }

  void Failed(CURLcode code, const char* text) {
    // A time-out before any answer is a host that does not answer.
    double begun = 0;
    curl_easy_getinfo(curl_, CURLINFO_PRETRANSFER_TIME, &begun);
    if (IsUnreachable(code) ||
        (code == CURLE_OPERATION_TIMEDOUT && begun == 0)) {
      End(TransferEnd::kUnreachable, text);
    } else if (code == CURLE_UNSUPPORTED_PROTOCOL) {
      End(TransferEnd::kRefused,
          absl::StrCat("leads to an address that is not allowed (", text, ")"));
    } else {
      End(IsBreak(code) ? TransferEnd::kBroken : TransferEnd::kRefused, text);
    }
  }

  const TransferRequest& request_;
  CURL* const curl_;
  TransferResult result_;
  bool ended_ = false, begun_ = false, to_page_ = false;
  std::map<std::string, std::string> headers_;
  int fd_ = -1;
  int64_t end_;
  int64_t total_ = -1;
};

size_t OnHeader(char* data, size_t size, size_t count, void* transfer) {
  static_cast<Transfer*>(transfer)->Header({data, size * count});
  return size * count;
}

size_t OnBody(char* data, size_t size, size_t count, void* transfer) {
  return static_cast<Transfer*>(transfer)->Body({data, size * count})
             ? size * count
             : 0;
}

void SetAddress(CURL* curl, const TransferRequest& request) {
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  const char* web = request.allow_http ? "http,https" : "https";
  const bool is_file = absl::StartsWith(request.url, "file://");
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, is_file ? "file" : web);
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, web);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, long{kMaxRedirects});
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "fcis-download/1");
  if (!request.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, request.ca_file.c_str());
  }
  // Not CURLOPT_RESUME_FROM: curl would refuse the whole file that a server
  // sends when the part is out of date.
  const std::string range = absl::StrCat(request.offset, "-");
  curl_easy_setopt(curl, CURLOPT_RANGE,
                   request.offset > 0 ? range.c_str() : nullptr);
}

void SetPatience(CURL* curl, const TransferRequest& request) {
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  // A name server that does not answer must not hold up the end.
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(
      curl, CURLOPT_CONNECTTIMEOUT_MS,
      std::max<long>(absl::ToInt64Milliseconds(request.connect_timeout), 1));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT,
                   static_cast<long>(request.low_speed_bytes));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                   static_cast<long>(absl::ToInt64Seconds(
                       absl::Ceil(request.low_speed_time, absl::Seconds(1)))));
}

}  // namespace

TransferClient::TransferClient() {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)once;
  curl_.reset(curl_easy_init());
  // Once: each time would leave a little behind in curl_easy_reset, which is
  // why every option that may vary is set by every request instead.
  curl_easy_setopt(curl_.get(), CURLOPT_COOKIEFILE, "");
}

TransferClient::~TransferClient() = default;

void TransferClient::Closer::operator()(void* curl) const {
  curl_easy_cleanup(curl);
}

TransferResult TransferClient::Run(const TransferRequest& request) {
  CURL* curl = curl_.get();
  SetAddress(curl, request);
  SetPatience(curl, request);
  Transfer transfer(request, curl);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  char error[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_slist* headers = nullptr;
  if (request.offset > 0 && !request.if_range.empty()) {
    headers = curl_slist_append(
        headers, absl::StrCat("If-Range: ", request.if_range).c_str());
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
  const TransferResult result = transfer.Finish(code, error);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, nullptr);
  curl_slist_free_all(headers);
  return result;
}

}  // namespace fcis::data
