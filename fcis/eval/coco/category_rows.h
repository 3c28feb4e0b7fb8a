// One row per category, as tables and files show them.
#ifndef FCIS_EVAL_COCO_CATEGORY_ROWS_H_
#define FCIS_EVAL_COCO_CATEGORY_ROWS_H_

#include <string>
#include <vector>

#include "fcis/eval/coco/evaluate.h"

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

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_CATEGORY_ROWS_H_
