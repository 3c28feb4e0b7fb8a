#include "fcis/eval/coco/score_table.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace fcis {
namespace {

constexpr const char* kMarkdownHead[] = {"Item",
                                         "AP/iou@[0.5:0.95]",
                                         "AP/iou@0.5",
                                         "AP/iou@0.75",
                                         "AP/iou@[0.5:0.95] (small)",
                                         "AP/iou@[0.5:0.95] (medium)",
                                         "AP/iou@[0.5:0.95] (large)"};
constexpr const char* kCsvHead[] = {"item", "AP",  "AP50", "AP75",
                                    "APs",  "APm", "APl"};

std::vector<std::string> Cells(const std::string& name,
                               const CategoryScore& score) {
  std::vector<std::string> cells = {name};
  for (const double value : {score.ap, score.ap50, score.ap75, score.ap_small,
                             score.ap_medium, score.ap_large}) {
    cells.push_back(value < 0 ? "nan" : absl::StrFormat("%.4f", value));
  }
  return cells;
}

std::string MarkdownLine(const std::vector<std::string>& cells) {
  return absl::StrCat("| ", absl::StrJoin(cells, " | "), " |\n");
}

std::string CsvLine(std::vector<std::string> cells) {
  if (cells[0].find_first_of(",\"\n\r") != std::string::npos) {
    cells[0] = absl::StrCat(
        "\"", absl::StrReplaceAll(cells[0], {{"\"", "\"\""}}), "\"");
  }
  return absl::StrCat(absl::StrJoin(cells, ","), "\n");
}

}  // namespace

std::string MarkdownTable(const CategoryScore& mean,
                          const std::vector<CategoryRow>& rows) {
  std::string table =
      MarkdownLine({std::begin(kMarkdownHead), std::end(kMarkdownHead)});
  absl::StrAppend(&table, "|:-:|:-:|:-:|:-:|:-:|:-:|:-:|\n",
                  MarkdownLine(Cells("**mean**", mean)));
  for (const CategoryRow& row : rows) {
    // A name must not end its cell.
    const std::string name =
        absl::StrReplaceAll(row.name, {{"|", "\\|"}, {"\n", " "}});
    absl::StrAppend(&table, MarkdownLine(Cells(name, row.score)));
  }
  return table;
}

std::string CsvTable(const CategoryScore& mean,
                     const std::vector<CategoryRow>& rows) {
  std::string table = CsvLine({std::begin(kCsvHead), std::end(kCsvHead)});
  absl::StrAppend(&table, CsvLine(Cells("mean", mean)));
  for (const CategoryRow& row : rows) {
    absl::StrAppend(&table, CsvLine(Cells(row.name, row.score)));
  }
  return table;
}

}  // namespace fcis
