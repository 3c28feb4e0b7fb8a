#include "fcis/eval/report/html_report.h"

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/image/image.h"
#include "fcis/core/io/file.h"
#include "fcis/data/codec/png.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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
    options.findings = {"odd <thing>"};
    return HtmlReport(*evaluation, options);
  }
  std::string root_;
};

TEST_F(HtmlReportTest, IsCompleteEscapedAndAlone) {
  const auto page = Page("");
  ASSERT_TRUE(page.ok()) << page.status();
  for (const char* id : {"numbers", "curves", "sizes", "categories", "errors",
                         "confusion", "calibration", "pictures"}) {
    EXPECT_THAT(*page, HasSubstr(absl::StrCat("<section id=\"", id, "\"")));
  }
  EXPECT_THAT(*page, HasSubstr("<b>100.0</b>"));
  EXPECT_THAT(*page, HasSubstr("odd &lt;thing&gt;"));
  EXPECT_THAT(*page, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(*page, Not(HasSubstr("<script>alert(1)")));
  EXPECT_THAT(*page, HasSubstr("&lt;i&gt;.png"));
  EXPECT_THAT(*page, HasSubstr("quality 1.00: 1 found, 0 missed, 0 wrong"));
  for (const char* outside :
       {"http:", "https:", "<link", "src=\"/", "@import", "url("}) {
    EXPECT_THAT(*page, Not(HasSubstr(outside)));
  }
}

TEST_F(HtmlReportTest, ShowsPictures) {
  const auto png = EncodePng(Image(40, 50));
  ASSERT_TRUE(png.ok());
  Save("<i>.png", *png);
  const auto page = Page(root_);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(*page, HasSubstr("src=\"data:image/jpeg;base64,/9j/"));
  EXPECT_THAT(*page, HasSubstr("<figcaption>annotated"));
  EXPECT_THAT(*page, HasSubstr("<figcaption>found"));
  Save("<i>.png", "no picture");
  const auto damaged = Page(root_);
  ASSERT_TRUE(damaged.ok()) << damaged.status();
  EXPECT_THAT(*damaged, Not(HasSubstr("<figure")));
  EXPECT_THAT(*damaged, HasSubstr("&lt;i&gt;.png:"));
}

TEST_F(HtmlReportTest, EmptyResultsAndWrongDirectories) {
  EXPECT_EQ(Page(absl::StrCat(root_, "/none")).status().code(),
            absl::StatusCode::kNotFound);
  Save("dt.json", "[]");
  const auto page = Page(root_);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(*page, HasSubstr("No picture of the annotations is in"));
}

}  // namespace
}  // namespace fcis
