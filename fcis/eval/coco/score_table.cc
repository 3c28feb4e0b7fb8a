#include "fcis/eval/coco/score_table.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

namespace fcis::eval {
namespace {

// What of the name can be told apart on paper.
absl::string_view Shown(const data::CocoCategory& category) {
  return absl::StripAsciiWhitespace(category.name);
}

}  // namespace

std::vector<std::string> CategoryLabels(const Evaluation& evaluation) {
  if (evaluation.options.class_agnostic) return {"all"};
  const auto& categories = evaluation.dataset->categories;
  const std::vector<int>& positions = evaluation.truth.categories();
  absl::flat_hash_map<absl::string_view, int> uses;
  for (const int position : positions) {
    if (position >= 0) ++uses[Shown(categories[static_cast<size_t>(position)])];
  }
  std::vector<std::string> labels;
  for (const int position : positions) {
    if (position < 0) {
      labels.push_back("(not in the annotations)");
      continue;
    }
    const data::CocoCategory& category =
        categories[static_cast<size_t>(position)];
    labels.push_back(uses[Shown(category)] == 1
                         ? category.name
                         : absl::StrCat(Shown(category), " (id ",
                                        category.id.ToString(), ")"));
  }
  return labels;
}

std::vector<CategoryRow> CategoryRows(const Evaluation& evaluation) {
  const EvalSummary& summary = evaluation.summary;
  const std::vector<std::string> labels = CategoryLabels(evaluation);
  if (evaluation.options.class_agnostic) {
    return {{data::RecordId(), labels[0], labels[0], summary.categories[0]}};
  }
  std::vector<CategoryRow> rows;
  std::vector<char> listed(summary.categories.size(), 0);
  const auto& categories = evaluation.dataset->categories;
  for (const data::CocoCategory& category : categories) {
    const int position = evaluation.truth.FindCategory(category.id);
    if (position < 0) continue;
    const auto k = static_cast<size_t>(position);
    if (listed[k]) continue;
    listed[k] = 1;
    const auto last = static_cast<size_t>(evaluation.truth.categories()[k]);
    rows.push_back(
        {category.id, categories[last].name, labels[k], summary.categories[k]});
  }
  return rows;
}

namespace {

using Cells = std::vector<std::string>;

Cells Numbers(const std::string& name, const CategoryScore& score) {
  Cells cells = {name};
  for (const double value : score) {
    cells.push_back(value < 0 ? "nan" : absl::StrFormat("%.4f", value));
  }
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

// Below `head`, the mean and the categories.
TableRows RowsOf(Cells head, const EvalSummary& summary, const char* mean,
                 const std::vector<CategoryRow>& rows) {
  TableRows table = {std::move(head), Numbers(mean, summary.mean)};
  for (const CategoryRow& row : rows) {
    table.push_back(Numbers(row.label, row.score));
  }
  return table;
}

}  // namespace

std::string MarkdownOf(const TableRows& rows) {
  std::string table = MarkdownLine(rows[0]);
  for (size_t i = 0; i < rows[0].size(); ++i) table += "|:-:";
  table += "|\n";
  for (size_t i = 1; i < rows.size(); ++i) table += MarkdownLine(rows[i]);
  return table;
}

std::string CsvOf(const TableRows& rows) {
  std::string table;
  for (const Cells& row : rows) table += CsvLine(row);
  return table;
}

std::string MarkdownTable(const EvalSummary& summary,
                          const std::vector<CategoryRow>& rows) {
  Cells head = {"Item", "AP/iou@[0.5:0.95]", "AP/iou@0.5", "AP/iou@0.75"};
  for (const SizeScore& size : summary.sizes) {
    head.push_back(absl::StrCat("AP/iou@[0.5:0.95] (", size.label, ")"));
  }
  return MarkdownOf(RowsOf(std::move(head), summary, "**mean**", rows));
}

std::string CsvTable(const EvalSummary& summary,
                     const std::vector<CategoryRow>& rows) {
  Cells head = ScoreColumns(summary);
  head.insert(head.begin(), "item");
  return CsvOf(RowsOf(std::move(head), summary, "mean", rows));
}

}  // namespace fcis::eval
