// The table of the original's README: AP by category.
#ifndef FCIS_EVAL_COCO_SCORE_TABLE_H_
#define FCIS_EVAL_COCO_SCORE_TABLE_H_

#include <string>
#include <vector>

#include "fcis/eval/coco/category_rows.h"
#include "fcis/eval/coco/summary.h"

namespace fcis::eval {

// Mean first, then the rows in their order; four digits, "nan" where there is
// no ground truth. `summary`: whose mean and sizes, a column per size.
std::string MarkdownTable(const EvalSummary& summary,
                          const std::vector<CategoryRow>& rows);
// The same with a header of short names; names in quotes where CSV wants them.
std::string CsvTable(const EvalSummary& summary,
                     const std::vector<CategoryRow>& rows);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_SCORE_TABLE_H_
