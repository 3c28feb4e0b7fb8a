#include "fcis/data/http/access.h"

#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kToken[] = "0123456789abcdef";

// The status of the refusal, 200 for none.
int Check(const AccessHeaders& headers, const AccessRules& rules = {},
          bool is_public = false) {
  const auto refusal = CheckAccess(rules, headers, is_public);
  return refusal.has_value() ? refusal->status : 200;
}

TEST(CheckAccessTest, HostsThatNoForeignNameCanPointAt) {
  for (const char* host :
       {"127.0.0.1", "127.0.0.1:8080", "localhost:1", "LOCALHOST", "[::1]:8080",
        "192.168.0.7", "[fe80::1]"}) {
    EXPECT_EQ(Check({host, {}, {}}), 200) << host;
  }
  for (const char* host : {"evil.example", "evil.example:8080", "", "1.2.3",
                           "127.0.0.1.evil.example", "localhost.evil", "[",
                           "[evil.example]", "[::1"}) {
    EXPECT_EQ(Check({host, {}, {}}), host == std::string("[::1") ? 200 : 421)
        << host;
  }
  EXPECT_EQ(Check({std::nullopt, {}, {}}), 400);
}

TEST(CheckAccessTest, NamesThatWereAllowed) {
  const AccessRules rules = {"", {"pictures.lan"}};
  EXPECT_EQ(Check({"Pictures.LAN:80", {}, {}}, rules), 200);
  EXPECT_EQ(Check({"other.lan", {}, {}}, rules), 421);
}

TEST(CheckAccessTest, PagesOfOtherSites) {
  EXPECT_EQ(Check({"localhost:8080", "http://localhost:8080", {}}), 200);
  EXPECT_EQ(Check({"localhost:8080", "https://localhost:8080", {}}), 200);
  for (const char* origin :
       {"http://evil.example", "null", "", "http://localhost",
        "http://localhost:8081", "http://localhost:8080.evil.example",
        "ftp://localhost:8080"}) {
    EXPECT_EQ(Check({"localhost:8080", origin, {}}), 403) << origin;
    // The page itself neither.
    EXPECT_EQ(Check({"localhost:8080", origin, {}}, {}, true), 403) << origin;
  }
}

TEST(CheckAccessTest, Token) {
  const AccessRules rules = {kToken, {}};
  const std::string right = std::string("Bearer ") + kToken;
  EXPECT_EQ(Check({"localhost", {}, right}, rules), 200);
  EXPECT_EQ(Check({"localhost", {}, "bearer  0123456789abcdef "}, rules), 200);
  EXPECT_EQ(Check({"localhost", {}, std::nullopt}, rules, true), 200);
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "0123456789abcdef", "Basic 0123456789abcdef",
        "Bearer 0123456789abcdeF", "Bearer 0123456789abcde",
        "Bearer 0123456789abcdef0123456789abcdef"}) {
    EXPECT_EQ(Check({"localhost", {}, wrong}, rules), 401) << wrong;
  }
  const auto refusal = CheckAccess(rules, {"localhost", {}, {}}, false);
  ASSERT_EQ(refusal->headers.size(), 1u);
  EXPECT_EQ(refusal->headers[0].first, "WWW-Authenticate");
}

TEST(ReadTokenTest, OneLine) {
  const std::string path = ::testing::TempDir() + "/token";
  const auto read = [&](const std::string& text) {
    EXPECT_TRUE(WriteFileAtomic(path, text).ok());
    return ReadToken(path);
  };
  EXPECT_EQ(*read("0123456789abcdef\n"), kToken);
  EXPECT_TRUE(read(std::string(1024, 'a')).ok());
  for (const std::string& bad :
       {std::string(), std::string("0123456789abcde"), std::string(1025, 'a'),
        std::string("0123456789abcdef\n0123456789abcdef"),
        std::string("0123456789 abcdef"), std::string("0123456789abcde\xe4")}) {
    EXPECT_THAT(read(bad).status().message(),
                AllOf(HasSubstr(path), HasSubstr("16 to 1024"),
                      Not(HasSubstr("0123"))));
  }
  EXPECT_THAT(ReadToken("/no/such/file").status().message(),
              HasSubstr("/no/such/file"));
}

}  // namespace
}  // namespace fcis::data
