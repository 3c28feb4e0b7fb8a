#include "fcis/eval/coco/category_rows.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
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

}  // namespace fcis::eval
