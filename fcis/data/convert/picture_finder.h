// The files of a data set, and the picture that a name in annotations means.
#ifndef FCIS_DATA_CONVERT_PICTURE_FINDER_H_
#define FCIS_DATA_CONVERT_PICTURE_FINDER_H_

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/config/limits.h"

namespace fcis::data {

// All files below the directory, sorted; a file: itself. Names that begin with
// a dot, and __MACOSX, are passed over; links to directories are not followed.
// Errors: it is not there, it cannot be listed, it has more than `most`.
absl::StatusOr<std::vector<std::string>> ListFiles(
    const std::string& root, size_t most = kMaxListedFiles);

// By the name's ending, whatever its case: .jpg, .jpeg, .png.
bool HasPictureName(absl::string_view path);

class PictureFinder {
 public:
  // Looks among the pictures of these files, of which the directories in
  // `roots` are the tops.
  PictureFinder(std::vector<std::string> roots,
                const std::vector<std::string>& files);

  // The file that is meant by a path as annotations have it: that path itself;
  // below `near`, or below a root; else the picture of that name whose last
  // directories agree the most. \ counts as /. Where there is none, the same
  // with "%20" decoded, and the last name without the eight digits that an
  // upload to Label Studio puts before it ("0a1b2c3d-a.jpg"). Errors: none, or
  // several equally good ones, of which two are named.
  absl::StatusOr<std::string> Find(absl::string_view name,
                                   const std::string& near) const;
  // The same by a name without the picture's ending; else the file of that
  // path, which may lie outside of the roots.
  absl::StatusOr<std::string> FindStem(absl::string_view stem) const;

 private:
  using Index = std::unordered_map<std::string, std::vector<std::string>>;

  // Find of just this path. NotFound, without words: there is none.
  absl::StatusOr<std::string> FindAsNamed(const std::string& path,
                                          const std::string& near) const;

  std::vector<std::string> roots_;
  Index by_name_, by_stem_;
  std::unordered_map<std::string, std::string> similar_;  // for messages
};

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_PICTURE_FINDER_H_
