#include "fcis/data/download/web_page.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kDrive[] = "https://drive.google.com/uc?export=download&id=X";

// The forms below are shortened from what Drive answers.
constexpr char kForm[] =
    "<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning"
    "</title></head><body><form id=\"search\" action=\"/s\"></form>"
    "<form id=\"download-form\" action=\"https://drive.usercontent.google.com/"
    "download\" method=\"get\"><input type=\"submit\" id=\"uc\" value=\"Go\"/>"
    "<input type=\"hidden\" name=\"id\" value=\"X\">"
    "<input type=\"hidden\" name=\"confirm\" value=\"t\">"
    "<input type=\"hidden\" name=\"uuid\" value=\"a&amp;b\"></form></body>";

TEST(WebPageTest, HtmlByTypeOrByItsFirstBytes) {
  EXPECT_TRUE(LooksLikeHtml("text/html; charset=utf-8", "PK\3\4"));
  EXPECT_TRUE(LooksLikeHtml("application/zip", "\n <!DOCTYPE html>"));
  EXPECT_TRUE(LooksLikeHtml("", "<HTML><body>"));
  EXPECT_TRUE(LooksLikeHtml("", "\xef\xbb\xbf<head><title>"));
  EXPECT_FALSE(LooksLikeHtml("application/octet-stream", "PK\3\4"));
  EXPECT_FALSE(LooksLikeHtml("", ""));
}

TEST(WebPageTest, ConfirmationAsAFormAndAsALink) {
  EXPECT_EQ(DriveConfirmUrl(kForm, kDrive),
            "https://drive.usercontent.google.com/"
            "download?id=X&confirm=t&uuid=a%26b");
  EXPECT_EQ(
      DriveConfirmUrl("<a href=\"/help\"><a id=\"uc-download-link\" "
                      "href=\"/uc?export=download&amp;confirm=Zq1&amp;id=X\">",
                      kDrive),
      "https://drive.google.com/uc?export=download&confirm=Zq1&id=X");
}

TEST(WebPageTest, ConfirmationNeverLeavesForAnotherHost) {
  EXPECT_EQ(DriveConfirmUrl("<form id=\"download-form\" "
                            "action=\"https://evil.test/d\"></form>",
                            kDrive),
            std::nullopt);
  EXPECT_EQ(DriveConfirmUrl("<form id=\"download-form\" "
                            "action=\"https://notgoogle.com/d\"></form>",
                            kDrive),
            std::nullopt);
  EXPECT_EQ(DriveConfirmUrl("<p>nothing here", kDrive), std::nullopt);
  EXPECT_EQ(DriveConfirmUrl("<form id=\"download-form\" action=\"", kDrive),
            std::nullopt);
}

TEST(WebPageTest, PagesAreDescribed) {
  EXPECT_THAT(DescribePage("<title>Google Drive - Quota exceeded</title>"),
              HasSubstr("quota"));
  EXPECT_THAT(DescribePage("<title> Sign &amp; in </title>"),
              HasSubstr("'Sign & in'"));
  EXPECT_THAT(DescribePage("<p>"), Not(HasSubstr("'")));
}

TEST(WebPageTest, Hosts) {
  EXPECT_EQ(HostOf("https://A.example.org:80/x"), "a.example.org");
  EXPECT_EQ(HostOf("nonsense"), "");
  EXPECT_EQ(HostOf(""), "");
}

}  // namespace
}  // namespace fcis::data
