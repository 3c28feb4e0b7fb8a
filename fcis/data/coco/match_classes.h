// Which category of a data set each class of a model is. Names decide, never
// ids: two data sets number the same classes differently.
#ifndef FCIS_DATA_COCO_MATCH_CLASSES_H_
#define FCIS_DATA_COCO_MATCH_CLASSES_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/record_id.h"

namespace fcis::data {

// What the user says of names that differ: (model's, data set's).
using ClassMap = std::vector<std::pair<std::string, std::string>>;

// "person:pedestrian,model name:set name"; names are trimmed, "" is an empty
// map, and a backslash takes the next character as it is ("a\:b", "a\,b").
// UsageError: an entry is no pair of two names.
absl::StatusOr<ClassMap> ParseClassMap(absl::string_view text);

struct ClassMatch {
  std::string path;  // the data set's, for messages
  // The category of each class of the model; none: it must not be detected.
  std::vector<std::optional<RecordId>> categories;
  int in_common = 0;  // classes that have a category; at least 1
  // Classes whose category is spelled otherwise: (model's, data set's).
  std::vector<std::pair<std::string, std::string>> renamed;
  // What the other one lacks, in its own order.
  std::vector<std::string> only_in_model, only_in_set;
};

// `classes`: the model's names, in the order of its labels.
//
// A class gets the category that `map` gives it, else the one of the same name,
// else one of the same name but for case, blanks around it, underscores and
// hyphens for blanks, and the spellings of VOC, COCO and Open Images (aeroplane
// is airplane, tvmonitor is tv, ...). By names alone a category is given once;
// `map` may give one to several classes (car:vehicle,truck:vehicle). The names
// in `map` may be spelled as freely.
//
// Errors: an id with two names, two categories of one name (both ids are
// named), a name with several equally good partners, no
// class in common (both lists are shown). UsageError: `map` has a name that
// the model or the data set lacks (the closest one is named), or a class twice.
absl::StatusOr<ClassMatch> MatchClasses(absl::Span<const std::string> classes,
                                        const CocoDataset& dataset,
                                        const ClassMap& map = {});

// For the terminal, without a newline at the end: one line when all fit, else
// one more for each list that is not empty.
std::string Describe(const ClassMatch& match);

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_MATCH_CLASSES_H_
