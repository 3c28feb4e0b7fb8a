#include "fcis/tools/class_filter.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/suggest.h"

namespace fcis::tools {
namespace {

std::string Normal(absl::string_view name) {
  return absl::StrReplaceAll(
      absl::AsciiStrToLower(absl::StripAsciiWhitespace(name)), {{"_", " "}});
}

// A model's classes by what they may be called in a list.
class ClassNames {
 public:
  explicit ClassNames(const ModelConfig& config) {
    for (const ClassConfig& entry : config.classes()) {
      known_.push_back(entry.name());
      const int label = static_cast<int>(known_.size());
      all_.insert(label);
      exact_[entry.name()].insert(label);
      normal_[Normal(entry.name())].insert(label);
      const auto commas = absl::c_count(entry.name(), ',');
      parts_ = std::max(parts_, static_cast<size_t>(commas) + 1);
    }
  }

  const std::vector<std::string>& known() const { return known_; }
  const std::set<int>& all() const { return all_; }

  // At the beginning of the pieces between commas, as many of them as a name
  // has; they are taken off. nullptr: no class.
  const std::set<int>* Take(absl::Span<const absl::string_view>* pieces) const {
    for (size_t n = std::min(parts_, pieces->size()); n > 0; --n) {
      const std::string name = absl::StrJoin(pieces->first(n), ",");
      if (const std::set<int>* found = Find(name); found != nullptr) {
        pieces->remove_prefix(n);
        return found;
      }
    }
    return nullptr;
  }

 private:
  using Index = std::map<std::string, std::set<int>>;

  const std::set<int>* Find(absl::string_view name) const {
    const auto it = exact_.find(std::string(absl::StripAsciiWhitespace(name)));
    if (it != exact_.end()) return &it->second;
    const auto normal = normal_.find(Normal(name));
    return normal != normal_.end() ? &normal->second : nullptr;
  }

  std::vector<std::string> known_;
  std::set<int> all_;
  Index exact_, normal_;
  size_t parts_ = 1;  // of the name with the most commas
};

}  // namespace

absl::StatusOr<std::set<int>> ParseClasses(absl::string_view names,
                                           const ModelConfig& config) {
  const ClassNames classes(config);
  if (absl::StripAsciiWhitespace(names).empty()) return classes.all();
  std::set<int> wanted;
  std::vector<std::string> complaints;
  const std::vector<absl::string_view> pieces = absl::StrSplit(names, ',');
  for (absl::Span<const absl::string_view> rest(pieces); !rest.empty();) {
    if (const std::set<int>* labels = classes.Take(&rest); labels != nullptr) {
      wanted.insert(labels->begin(), labels->end());
      continue;
    }
    complaints.push_back(
        absl::StrCat("the model has no class '", rest[0], "'",
                     DidYouMean(Normal(rest[0]), classes.known())));
    rest.remove_prefix(1);
  }
  if (complaints.empty()) return wanted;
  return UsageError(
      absl::StrCat("--classes: ", absl::StrJoin(complaints, "; ")));
}

}  // namespace fcis::tools
