#include "fcis/eval/coco/score_table.h"

#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

TEST(ScoreTableTest, HasTheOriginalsForm) {
  EvalSummary summary;
  summary.sizes = {{"small"}, {"medium"}, {"large"}};
  summary.mean = {.22949, .4, .25, 0, -1, 1};
  const std::vector<CategoryRow> rows = {
      {data::RecordId(int64_t{1}), "person", "person", summary.mean},
      {data::RecordId(int64_t{2}),
       "a|b, \"c\"",
       "a|b, \"c\"",
       {-1, -1, -1, -1, -1, -1}}};
  EXPECT_EQ(MarkdownTable(summary, rows),
            "| Item | AP/iou@[0.5:0.95] | AP/iou@0.5 | AP/iou@0.75 | "
            "AP/iou@[0.5:0.95] (small) | AP/iou@[0.5:0.95] (medium) | "
            "AP/iou@[0.5:0.95] (large) |\n"
            "|:-:|:-:|:-:|:-:|:-:|:-:|:-:|\n"
            "| **mean** | 0.2295 | 0.4000 | 0.2500 | 0.0000 | nan | 1.0000 |\n"
            "| person | 0.2295 | 0.4000 | 0.2500 | 0.0000 | nan | 1.0000 |\n"
            "| a\\|b, \"c\" | nan | nan | nan | nan | nan | nan |\n");
  EXPECT_EQ(CsvTable(summary, rows),
            "item,AP,AP50,AP75,APs,APm,APl\n"
            "mean,0.2295,0.4000,0.2500,0.0000,nan,1.0000\n"
            "person,0.2295,0.4000,0.2500,0.0000,nan,1.0000\n"
            "\"a|b, \"\"c\"\"\",nan,nan,nan,nan,nan,nan\n");
}

TEST(ScoreTableTest, Case61OwnRangesHaveTheirNames) {
  EvalSummary summary;
  summary.sizes = {{"small"}, {"a|\"b\""}};
  summary.mean = {.5, .5, .5, .25, -1};
  EXPECT_EQ(MarkdownTable(summary, {}),
            "| Item | AP/iou@[0.5:0.95] | AP/iou@0.5 | AP/iou@0.75 | "
            "AP/iou@[0.5:0.95] (small) | AP/iou@[0.5:0.95] (a\\|\"b\") |\n"
            "|:-:|:-:|:-:|:-:|:-:|:-:|\n"
            "| **mean** | 0.5000 | 0.5000 | 0.5000 | 0.2500 | nan |\n");
  EXPECT_EQ(CsvTable(summary, {}),
            "item,AP,AP50,AP75,AP_small,\"AP_a|\"\"b\"\"\"\n"
            "mean,0.5000,0.5000,0.5000,0.2500,nan\n");
}

}  // namespace
}  // namespace fcis::eval
