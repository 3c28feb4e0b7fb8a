#include "fcis/tools/class_filter.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/suggest.h"

namespace fcis::tools {
namespace {

std::string Normal(absl::string_view name) {
  return absl::StrReplaceAll(
      absl::AsciiStrToLower(absl::StripAsciiWhitespace(name)), {{"_", " "}});
}

}  // namespace

absl::StatusOr<std::set<int>> ParseClasses(absl::string_view names,
                                           const ModelConfig& config) {
  std::map<std::string, int> labels;
  std::vector<std::string> known;
  std::set<int> all;
  for (const ClassConfig& entry : config.classes()) {
    known.push_back(entry.name());
    labels[Normal(entry.name())] = known.size();
    all.insert(known.size());
  }
  if (absl::StripAsciiWhitespace(names).empty()) return all;
  std::set<int> wanted;
  std::vector<std::string> complaints;
  for (absl::string_view name : absl::StrSplit(names, ',')) {
    const auto it = labels.find(Normal(name));
    if (it != labels.end()) {
      wanted.insert(it->second);
    } else {
      complaints.push_back(absl::StrCat("the model has no class '", name, "'",
                                        DidYouMean(Normal(name), known)));
    }
  }
  if (complaints.empty()) return wanted;
  return UsageError(
      absl::StrCat("--classes: ", absl::StrJoin(complaints, "; ")));
}

}  // namespace fcis::tools
