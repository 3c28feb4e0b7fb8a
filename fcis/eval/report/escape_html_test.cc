#include "fcis/eval/report/escape_html.h"

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(EscapeHtmlTest, Escapes) {
  EXPECT_EQ(EscapeHtml("<a b=\"c\">'&"), "&lt;a b=&quot;c&quot;&gt;&#39;&amp;");
  EXPECT_EQ(EscapeHtml("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xb1"),
            "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xb1");
  EXPECT_EQ(EscapeHtml("a\xff\xc3<\x01"),
            "a\xef\xbf\xbd\xef\xbf\xbd&lt;\xef\xbf\xbd");
  EXPECT_EQ(EscapeHtml(""), "");
}

}  // namespace
}  // namespace fcis
