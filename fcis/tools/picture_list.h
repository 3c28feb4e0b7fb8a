// Which pictures a program works on, and what their results are called.
#ifndef FCIS_TOOLS_PICTURE_LIST_H_
#define FCIS_TOOLS_PICTURE_LIST_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fcis::tools {

struct Picture {
  std::string path;
  // Names its results: the file's name without extension; "_2", "_3", ... is
  // added for later pictures of the same name. Unique in the list.
  std::string stem;
};

struct PictureList {
  std::vector<Picture> pictures;
  // Worth telling: renamed results, skipped files.
  std::vector<std::string> notes;
  // Arguments that name nothing.
  std::vector<absl::Status> errors;
};

// The pictures of the directory `imgdir` ("" for none), then those of
// `arguments`: files, directories, patterns. Of a directory, in order of name
// and without its sub-directories, the files with a picture's extension; of the
// rest every file. A file named twice counts once. It need not be readable.
PictureList ListPictures(absl::string_view imgdir,
                         const std::vector<std::string>& arguments);

// OK when there are pictures; else an error made of the list's.
absl::Status CheckNotEmpty(const PictureList& list);

// OK when no <directory>/<stem>.png is one of the pictures themselves; else a
// UsageError: a result must not replace what it was made of.
absl::Status CheckKeepsPictures(const PictureList& list,
                                const std::string& directory);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_PICTURE_LIST_H_
