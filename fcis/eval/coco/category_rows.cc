#include "fcis/eval/coco/category_rows.h"

namespace fcis {

std::vector<CategoryRow> CategoryRows(const Evaluation& evaluation) {
  const EvalSummary& summary = evaluation.summary;
  if (evaluation.options.class_agnostic) {
    return {{RecordId(), "all", summary.categories[0]}};
  }
  std::vector<CategoryRow> rows;
  std::vector<char> listed(summary.categories.size(), 0);
  const auto& categories = evaluation.dataset->categories;
  for (const CocoCategory& category : categories) {
    const int position = evaluation.truth.FindCategory(category.id);
    if (position < 0) continue;
    const auto k = static_cast<size_t>(position);
    if (listed[k]) continue;
    listed[k] = 1;
    const auto last = static_cast<size_t>(evaluation.truth.categories()[k]);
    rows.push_back({category.id, categories[last].name, summary.categories[k]});
  }
  return rows;
}

}  // namespace fcis
