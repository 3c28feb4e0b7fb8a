// Who may use a server: clients that know the token, and no page of a foreign
// site, although the browser that shows it can reach the loopback.
//
// A page of another site gives itself away by its Origin. One that has its own
// name point at 127.0.0.1 (DNS rebinding) gives itself away by the name in
// Host: only addresses, "localhost" and names that were allowed are answered.
#ifndef FCIS_DATA_HTTP_ACCESS_H_
#define FCIS_DATA_HTTP_ACCESS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/data/http/http_types.h"

namespace fcis::data {

struct AccessRules {
  // "": everyone may.
  std::string token;
  // Names by which the server may be called, beside localhost, in lower case.
  std::vector<std::string> host_names;
};

// Of a request; absent: there is no such header.
struct AccessHeaders {
  std::optional<std::string> host, origin, authorization;
};

// The answer to who may not: 400 without Host, 421 for an unknown name in it,
// 403 for another site's page, 401 without the token. nullopt: go on.
std::optional<HttpResponse> CheckAccess(const AccessRules& rules,
                                        const AccessHeaders& headers,
                                        bool is_public);

// The token in a file: its only line, 16 to 1024 letters, digits and -._~+/=.
// Errors name the file, and not what is in it.
absl::StatusOr<std::string> ReadToken(const std::string& path);

// Whether the texts are equal; takes as long for any `given` of a length.
bool EqualInConstantTime(absl::string_view given, absl::string_view token);

}  // namespace fcis::data

#endif  // FCIS_DATA_HTTP_ACCESS_H_
