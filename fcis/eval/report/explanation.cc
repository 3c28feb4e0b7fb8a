#include "fcis/eval/report/explanation.h"

#include "absl/algorithm/container.h"
#include "fcis/eval/coco/category_rows.h"

namespace fcis::eval {

Explanation Explain(const Evaluation& evaluation) {
  Explanation explanation;
  explanation.class_names = evaluation.options.class_agnostic
                                ? std::vector<std::string>{"object"}
                                : CategoryLabels(evaluation);
  explanation.table = MakeOverlapTable(evaluation);
  const OverlapTable& table = explanation.table;
  explanation.breakdown = BreakDownErrors(table);
  explanation.outcomes = OutcomesOf(table, explanation.breakdown);
  explanation.point = BestOperatingPoint(
      explanation.outcomes,
      absl::c_count_if(table.objects, [](const TableObject& object) {
        return !object.crowd;
      }));
  return explanation;
}

}  // namespace fcis::eval
