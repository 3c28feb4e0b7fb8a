// --classes: which of a model's classes are wanted.
#ifndef FCIS_TOOLS_CLASS_FILTER_H_
#define FCIS_TOOLS_CLASS_FILTER_H_

#include <set>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/config/fcis.pb.h"

namespace fcis::tools {

// Labels (1 .. number of classes) of a comma-separated list of class names,
// which may have commas themselves; letter case, and '_' for a space, matter
// only where a class is called exactly so. "" is every class. Errors: a
// UsageError naming each unknown class and the closest ones.
absl::StatusOr<std::set<int>> ParseClasses(absl::string_view names,
                                           const ModelConfig& config);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_CLASS_FILTER_H_
