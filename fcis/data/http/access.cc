#include "fcis/data/http/access.h"

#include <arpa/inet.h>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"

namespace fcis::data {
namespace {

constexpr size_t kShortestToken = 16, kLongestToken = 1024;

// "[::1]:80" -> "::1", "a.b:80" -> "a.b"; "" for what is none.
std::string HostOf(absl::string_view host_and_port) {
  if (absl::ConsumePrefix(&host_and_port, "[")) {
    return std::string(host_and_port.substr(
        0, std::min(host_and_port.find(']'), host_and_port.size())));
  }
  return absl::AsciiStrToLower(host_and_port.substr(
      0, std::min(host_and_port.find(':'), host_and_port.size())));
}

bool IsAddress(const std::string& host) {
  in6_addr unused;
  return inet_pton(AF_INET, host.c_str(), &unused) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &unused) == 1;
}

bool IsKnownHost(const AccessRules& rules, const std::string& host) {
  return IsAddress(host) || host == "localhost" ||
         absl::c_linear_search(rules.host_names, host);
}

// Scheme aside: a proxy in front may speak TLS.
bool IsSameOrigin(absl::string_view origin, absl::string_view host) {
  return (absl::ConsumePrefix(&origin, "http://") ||
          absl::ConsumePrefix(&origin, "https://")) &&
         absl::EqualsIgnoreCase(origin, host);
}

bool HasToken(const AccessRules& rules, const AccessHeaders& headers) {
  if (rules.token.empty()) return true;
  if (!headers.authorization.has_value()) return false;
  const absl::string_view given = *headers.authorization;
  const size_t space = std::min(given.find(' '), given.size());
  if (!absl::EqualsIgnoreCase(given.substr(0, space), "Bearer")) return false;
  return EqualInConstantTime(absl::StripAsciiWhitespace(given.substr(space)),
                             rules.token);
}

bool IsTokenCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::StrContains("-._~+/=", c);
}

}  // namespace

std::optional<HttpResponse> CheckAccess(const AccessRules& rules,
                                        const AccessHeaders& headers,
                                        bool is_public) {
  if (!headers.host.has_value()) {
    return ErrorResponse(400, "the request has no Host header");
  }
  if (!IsKnownHost(rules, HostOf(*headers.host))) {
    return ErrorResponse(
        421, absl::StrCat("this server is not called ", HostOf(*headers.host),
                          "; expected its address, localhost or a name that "
                          "--allow_hosts gives it"));
  }
  if (headers.origin.has_value() &&
      !IsSameOrigin(*headers.origin, *headers.host)) {
    return ErrorResponse(403, "pages of other sites may not use this server");
  }
  if (is_public || HasToken(rules, headers)) return std::nullopt;
  HttpResponse response = ErrorResponse(
      401,
      "expected the header Authorization: Bearer <token>, with the token "
      "that the server was started with");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const std::string token(absl::StripAsciiWhitespace(text));
  if (token.size() < kShortestToken || token.size() > kLongestToken ||
      !absl::c_all_of(token, IsTokenCharacter)) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": expected one line of ", kShortestToken, " to ", kLongestToken,
        " letters, digits and -._~+/= (as from: openssl rand -hex 32)"));
  }
  return token;
}

bool EqualInConstantTime(absl::string_view given, absl::string_view token) {
  unsigned char difference = given.size() == token.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    difference |=
        static_cast<unsigned char>(given[i] ^ token[i % token.size()]);
  }
  return difference == 0;
}

}  // namespace fcis::data
