// What can be said of a request before its body is read.
#ifndef FCIS_DATA_HTTP_REQUEST_CHECK_H_
#define FCIS_DATA_HTTP_REQUEST_CHECK_H_

#include <httplib.h>

#include <optional>
#include <vector>

#include "fcis/data/http/http_server.h"
#include "fcis/data/http/http_types.h"

namespace fcis::data {

// Whether bytes follow the headers.
bool HasBody(const httplib::Request& request);

// GET's also for HEAD; null: there is none.
const Route* FindRoute(const std::vector<Route>& routes,
                       const httplib::Request& request);

// The answer to a request that is refused, as http_server.h lists; nullopt: its
// route may have it.
std::optional<HttpResponse> CheckRequest(const HttpOptions& options,
                                         const std::vector<Route>& routes,
                                         const httplib::Request& request);

// 413: the body is larger than it may be.
HttpResponse TooLarge(const HttpOptions& options);

}  // namespace fcis::data

#endif  // FCIS_DATA_HTTP_REQUEST_CHECK_H_
