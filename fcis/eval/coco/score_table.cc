#include "fcis/eval/coco/score_table.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace fcis::eval {
namespace {

using Cells = std::vector<std::string>;

Cells Numbers(const std::string& name, const CategoryScore& score) {
  Cells cells = {name};
  const auto add = [&](double value) {
    cells.push_back(value < 0 ? "nan" : absl::StrFormat("%.4f", value));
  };
  add(score.ap);
  add(score.ap50);
  add(score.ap75);
  for (const double value : score.ap_by_size) add(value);
  return cells;
}

std::string MarkdownLine(Cells cells) {
  for (std::string& cell : cells) {
    // Nothing in a cell may end it.
    cell = absl::StrReplaceAll(cell, {{"|", "\\|"}, {"\n", " "}});
  }
  return absl::StrCat("| ", absl::StrJoin(cells, " | "), " |\n");
}

std::string CsvLine(Cells cells) {
  for (std::string& cell : cells) {
    if (cell.find_first_of(",\"\n\r") == std::string::npos) continue;
    cell =
        absl::StrCat("\"", absl::StrReplaceAll(cell, {{"\"", "\"\""}}), "\"");
  }
  return absl::StrCat(absl::StrJoin(cells, ","), "\n");
}

}  // namespace

std::string MarkdownTable(const EvalSummary& summary,
                          const std::vector<CategoryRow>& rows) {
  Cells head = {"Item", "AP/iou@[0.5:0.95]", "AP/iou@0.5", "AP/iou@0.75"};
  for (const SizeScore& size : summary.sizes) {
    head.push_back(absl::StrCat("AP/iou@[0.5:0.95] (", size.label, ")"));
  }
  std::string table = MarkdownLine(head);
  for (size_t i = 0; i < head.size(); ++i) table += "|:-:";
  absl::StrAppend(&table, "|\n",
                  MarkdownLine(Numbers("**mean**", summary.mean)));
  for (const CategoryRow& row : rows) {
    absl::StrAppend(&table, MarkdownLine(Numbers(row.label, row.score)));
  }
  return table;
}

std::string CsvTable(const EvalSummary& summary,
                     const std::vector<CategoryRow>& rows) {
  Cells head = {"item", "AP", "AP50", "AP75"};
  for (std::string& column : SizeColumns(summary)) {
    head.push_back(std::move(column));
  }
  std::string table = CsvLine(head);
  absl::StrAppend(&table, CsvLine(Numbers("mean", summary.mean)));
  for (const CategoryRow& row : rows) {
    absl::StrAppend(&table, CsvLine(Numbers(row.label, row.score)));
  }
  return table;
}

}  // namespace fcis::eval
