// The table of the original's README: AP by category, one row each.
#ifndef FCIS_EVAL_COCO_SCORE_TABLE_H_
#define FCIS_EVAL_COCO_SCORE_TABLE_H_

#include <string>
#include <vector>

#include "fcis/eval/coco/evaluate.h"
#include "fcis/eval/coco/summary.h"

namespace fcis::eval {

// What people see of each class of the evaluation: the category's name, with
// its id where another has the same name but for spaces: "person (id 7)".
// Class-agnostic: one, "all".
std::vector<std::string> CategoryLabels(const Evaluation& evaluation);

struct CategoryRow {
  data::RecordId id;
  std::string name, label;
  CategoryScore score;
};

// In the order of the annotations' "categories", each id once (where it stands
// first, named as it was last); ids asked for that they lack have none.
// Class-agnostic: one row, "all".
std::vector<CategoryRow> CategoryRows(const Evaluation& evaluation);

// Rows of cells, the first of which is the head, as tables in Markdown and CSV.
using TableRows = std::vector<std::vector<std::string>>;
std::string MarkdownOf(const TableRows& rows);
std::string CsvOf(const TableRows& rows);

// Mean first, then the rows in their order; four digits, "nan" where there is
// no ground truth. `summary`: whose mean and sizes, a column per size.
std::string MarkdownTable(const EvalSummary& summary,
                          const std::vector<CategoryRow>& rows);
// The same with a header of short names; names in quotes where CSV wants them.
std::string CsvTable(const EvalSummary& summary,
                     const std::vector<CategoryRow>& rows);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_SCORE_TABLE_H_
