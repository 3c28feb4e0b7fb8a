#include "fcis/eval/coco/score_table.h"

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(ScoreTableTest, HasTheOriginalsForm) {
  const CategoryScore mean{.22949, .4, .25, 0, -1, 1};
  const std::vector<CategoryRow> rows = {
      {RecordId(int64_t{1}), "person", mean},
      {RecordId(int64_t{2}), "a|b, \"c\"", CategoryScore()}};
  EXPECT_EQ(MarkdownTable(mean, rows),
            "| Item | AP/iou@[0.5:0.95] | AP/iou@0.5 | AP/iou@0.75 | "
            "AP/iou@[0.5:0.95] (small) | AP/iou@[0.5:0.95] (medium) | "
            "AP/iou@[0.5:0.95] (large) |\n"
            "|:-:|:-:|:-:|:-:|:-:|:-:|:-:|\n"
            "| **mean** | 0.2295 | 0.4000 | 0.2500 | 0.0000 | nan | 1.0000 |\n"
            "| person | 0.2295 | 0.4000 | 0.2500 | 0.0000 | nan | 1.0000 |\n"
            "| a\\|b, \"c\" | nan | nan | nan | nan | nan | nan |\n");
  EXPECT_EQ(CsvTable(mean, rows),
            "item,AP,AP50,AP75,APs,APm,APl\n"
            "mean,0.2295,0.4000,0.2500,0.0000,nan,1.0000\n"
            "person,0.2295,0.4000,0.2500,0.0000,nan,1.0000\n"
            "\"a|b, \"\"c\"\"\",nan,nan,nan,nan,nan,nan\n");
}

}  // namespace
}  // namespace fcis
