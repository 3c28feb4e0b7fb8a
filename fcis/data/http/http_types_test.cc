#include "fcis/data/http/http_types.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

TEST(ErrorResponseTest, IsJsonWhateverTheMessage) {
  const HttpResponse response = ErrorResponse(415, "a \"b\"\n\xc3\xa4");
  EXPECT_EQ(response.status, 415);
  EXPECT_EQ(response.type, "application/json");
  EXPECT_EQ(response.body,
            "{\"error\":{\"code\":415,\"message\":\"a "
            "\\\"b\\\"\\n\xc3\xa4\"}}\n");
}

TEST(ResponseBytesTest, AllOfIt) {
  HttpResponse response = ErrorResponse(503, "x");
  response.headers.emplace_back("Retry-After", "1");
  EXPECT_EQ(ResponseBytes(response),
            "HTTP/1.1 503 Error\r\nConnection: close\r\n"
            "Content-Type: application/json\r\nContent-Length: 37\r\n"
            "Retry-After: 1\r\n\r\n"
            "{\"error\":{\"code\":503,\"message\":\"x\"}}\n");
}

TEST(ErrorResponseTest, OfWhatIsNoUtf8) {
  EXPECT_EQ(ErrorResponse(400, "caf\xe9.jpg").body,
            "{\"error\":{\"code\":400,\"message\":\"caf?.jpg\"}}\n");
}

}  // namespace
}  // namespace fcis::data
