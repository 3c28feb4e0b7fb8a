#include "fcis/eval/report/html_report.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/image/image.h"
#include "fcis/core/io/file.h"
#include "fcis/data/codec/png.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::eval {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kTruth[] = R"({
  "images": [{"id": 1, "height": 40, "width": 50, "file_name": "<i>.png"}],
  "categories": [{"id": 1, "name": "<script>alert(1)</script>"}],
  "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "area": 400,
    "bbox": [5, 5, 20, 20],
    "segmentation": [[5, 5, 25, 5, 25, 25, 5, 25]]}]})";
constexpr char kFound[] = R"([{"image_id": 1, "category_id": 1, "score": 0.75,
    "segmentation": [[5, 5, 25, 5, 25, 25, 5, 25]]}])";

class HtmlReportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = absl::StrCat(::testing::TempDir(), "/report");
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
    Save("gt.json", kTruth);
    Save("dt.json", kFound);
  }
  void Save(const std::string& name, const std::string& bytes) const {
    ASSERT_TRUE(WriteFileAtomic(absl::StrCat(root_, "/", name), bytes).ok());
  }
  absl::StatusOr<std::string> Page(const std::string& image_dir) const {
    EvalOptions explained;
    explained.explain = true;
    const auto evaluation =
        Evaluate(absl::StrCat(root_, "/gt.json"),
                 absl::StrCat(root_, "/dt.json"), explained);
    if (!evaluation.ok()) return evaluation.status();
    ReportOptions options;
    options.image_dir = image_dir;
    options.page_dir = absl::StrCat(root_, "/pages/today");
    options.findings = {"odd <thing>"};
    return HtmlReport(*evaluation, options);
  }
  std::string root_;
};

// What the page holds for its script.
rapidjson::Document JsonOf(const std::string& page) {
  const std::string begin = "id=\"report\">";
  const size_t from = page.find(begin) + begin.size();
  rapidjson::Document json;
  json.Parse(page.data() + from, page.find("</script>", from) - from);
  return json;
}

TEST_F(HtmlReportTest, HoldsTheNumbers) {
  const auto page = Page("");
  ASSERT_TRUE(page.ok()) << page.status();
  const rapidjson::Document json = JsonOf(*page);
  ASSERT_FALSE(json.HasParseError());
  EXPECT_STREQ(json["results"].GetString(), "dt.json");
  EXPECT_EQ(json["objects"].GetInt(), 1);
  EXPECT_DOUBLE_EQ(json["scores"]["stats"][0].GetDouble(), 1);
  EXPECT_STREQ(json["scores"]["warnings"][0].GetString(), "odd <thing>");
  EXPECT_EQ(json["curves"].Size(), 10u);
  EXPECT_EQ(json["curves"][9]["precision"].Size(), json["recalls"].Size());
  EXPECT_STREQ(json["categories"][0]["label"].GetString(),
               "<script>alert(1)</script>");
  EXPECT_EQ(json["errors"]["counts"].Size(), 6u);
  EXPECT_EQ(json["confusion"][0][0].GetInt(), 1);
  EXPECT_EQ(json["calibration"]["bins"][7]["detections"].GetInt(), 1);
  EXPECT_EQ(json["point"]["score"].GetDouble(), .75);
  const auto& best = json["pictures"]["best"][0];
  EXPECT_STREQ(best["name"].GetString(), "<i>.png");
  EXPECT_EQ(best["found"].GetInt(), 1);
  EXPECT_FALSE(best.HasMember("problem"));
}

TEST_F(HtmlReportTest, IsEscapedAndAlone) {
  const auto page = Page("");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(*page, StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(*page, Not(HasSubstr("<script>alert(1)")));
  EXPECT_THAT(*page, Not(HasSubstr("@REPORT@")));
  for (const char* outside :
       {"http:", "https:", "<link", "src=\"/", "@import", "url("}) {
    EXPECT_THAT(*page, Not(HasSubstr(outside)));
  }
}

// Runs the page's script without a browser, on stand-ins for what it uses of a
// document.
constexpr char kDraw[] = R"js(
const page = require('fs').readFileSync(process.argv[2], 'utf8');
const [, json, script] =
    page.match(/id="report">(.*?)<\/script>\s*<script>(.*?)<\/script>/s);
const main = {};
const elements = {report: {textContent: json}};
globalThis.document = {
  getElementById: id => elements[id] ??= {addEventListener() {}},
  addEventListener() {},
  querySelector: () => main,
  querySelectorAll: () => [],
};
new Function(script)();
process.stdout.write(main.innerHTML);
process.stdout.write(elements.strip.innerHTML + elements.viewer.innerHTML);
)js";

TEST_F(HtmlReportTest, DrawsItself) {
  if (std::system("node --version > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "no node";
  }
  const auto page = Page("");
  ASSERT_TRUE(page.ok()) << page.status();
  Save("page.html", *page);
  Save("draw.js", kDraw);
  ASSERT_EQ(std::system(absl::StrCat("cd ", root_,
                                     " && node draw.js page.html > drawn.html")
                            .c_str()),
            0);
  const std::string drawn = *ReadFile(root_ + "/drawn.html");
  for (const char* id : {"numbers", "curves", "sizes", "categories", "errors",
                         "confusion", "calibration", "pictures", "browse"}) {
    EXPECT_THAT(drawn, HasSubstr(absl::StrCat("<section id=\"", id, "\"")));
  }
  EXPECT_THAT(drawn, HasSubstr("<b>100.0</b>"));
  EXPECT_THAT(drawn, HasSubstr("medium 1024 to 9216, large 9216 to 1e+10."));
  EXPECT_THAT(drawn, HasSubstr("odd &lt;thing&gt;"));
  EXPECT_THAT(drawn, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(drawn, HasSubstr("&lt;i&gt;.png"));
  EXPECT_THAT(drawn, HasSubstr("quality 1.00: 1 found, 0 missed, 0 wrong"));
  EXPECT_THAT(drawn, HasSubstr("1 of 1; 0 errors, quality 1.00"));
  EXPECT_THAT(drawn, HasSubstr("<td class=\"text\">correct</td>"
                               "<td class=\"text\">IoU 1.00 with &lt;script"));
  EXPECT_THAT(drawn, Not(HasSubstr("undefined")));
  EXPECT_THAT(drawn, Not(HasSubstr("NaN")));
}

TEST_F(HtmlReportTest, ShowsPictures) {
  const auto png = data::EncodePng(Image(40, 50));
  ASSERT_TRUE(png.ok());
  Save("<i>.png", *png);
  const auto page = Page(root_);
  ASSERT_TRUE(page.ok()) << page.status();
  const rapidjson::Document json = JsonOf(*page);
  const auto& worst = json["pictures"]["worst"][0];
  for (const char* key : {"truth_jpeg", "found_jpeg"}) {
    EXPECT_THAT(worst[key].GetString(), StartsWith("/9j/")) << key;
  }
  EXPECT_STREQ(worst["problem"].GetString(), "");
  EXPECT_STREQ(json["browse"]["image_base"].GetString(), "../../");
  Save("<i>.png", "no picture");
  const auto damaged = Page(root_);
  ASSERT_TRUE(damaged.ok()) << damaged.status();
  const rapidjson::Document without = JsonOf(*damaged);
  EXPECT_FALSE(without["pictures"]["best"][0].HasMember("truth_jpeg"));
  EXPECT_THAT(without["pictures"]["best"][0]["problem"].GetString(),
              HasSubstr("<i>.png:"));
}

TEST_F(HtmlReportTest, EmptyResultsAndWrongDirectories) {
  const auto nowhere = Page(absl::StrCat(root_, "/none"));
  ASSERT_TRUE(nowhere.ok()) << nowhere.status();
  EXPECT_EQ(JsonOf(*nowhere)["pictures"]["best"].Size(), 0u);
  Save("dt.json", "[]");
  const auto page = Page(root_);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(JsonOf(*page)["pictures"]["best"].Size(), 0u);
}

}  // namespace
}  // namespace fcis::eval
