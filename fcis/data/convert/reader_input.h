// What the readers of other tools' formats are given.
#ifndef FCIS_DATA_CONVERT_READER_INPUT_H_
#define FCIS_DATA_CONVERT_READER_INPUT_H_

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "fcis/data/convert/picture_finder.h"

namespace fcis::data {

struct ReaderInput {
  std::string root;                // as it was named: a file or directory
  std::vector<std::string> files;  // of annotations, sorted
  std::vector<std::string> all;    // every file below the root, sorted
  const PictureFinder* pictures = nullptr;
};

inline std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? "." : path.substr(0, slash);
}

// Without directories and ending.
inline std::string StemOf(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const size_t dot = name.rfind('.');
  return dot == name.npos || dot == 0 ? name : name.substr(0, dot);
}

enum class Part { kTrain, kValidation, kTest };

// Of which part of its data set a file is: the path has a name below the root,
// or a part of one between underscores, that is val, valid, validation or test,
// also with a number, as in labels/val2017/a.txt and instances_val2017.json.
inline Part PartOf(absl::string_view root, absl::string_view path) {
  if (absl::StartsWith(path, root)) path.remove_prefix(root.size());
  for (absl::string_view part : absl::StrSplit(path, absl::ByAnyChar("/_"))) {
    const bool validates = absl::ConsumePrefix(&part, "validation") ||
                           absl::ConsumePrefix(&part, "valid") ||
                           absl::ConsumePrefix(&part, "val");
    if (!validates && !absl::ConsumePrefix(&part, "test")) continue;
    if (part.empty() || part[0] == '.' || absl::ascii_isdigit(part[0])) {
      return validates ? Part::kValidation : Part::kTest;
    }
  }
  return Part::kTrain;
}

// What is said of files of a test part.
inline constexpr char kTestPart[] = "files of a test part, left out";

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_READER_INPUT_H_
