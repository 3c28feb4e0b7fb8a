// Which tool's format a file or folder is of, by what is in it; the reader of
// each.
#ifndef FCIS_DATA_CONVERT_FIND_FORMAT_H_
#define FCIS_DATA_CONVERT_FIND_FORMAT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/data/convert/foreign_set.h"
#include "fcis/data/convert/reader_input.h"

namespace fcis::data {

enum class ForeignFormat {
  kCoco,
  kLabelme,
  kLabelStudio,
  kYolo,
  kVoc,
  kSbd,
  kMasks,
};

// "coco", "labelme", "label_studio", "yolo", "voc", "sbd", "masks": in that
// order.
std::vector<std::string> ForeignFormatNames();
absl::string_view NameOf(ForeignFormat format);
// Whether its annotations are JSON, which names its pictures.
bool IsJson(ForeignFormat format);
// Adds what the files hold to the set, by the format's reader (read_*.h), whose
// errors it has.
absl::Status ReadFormat(ForeignFormat format, const ReaderInput& input,
                        ForeignSet* set);

struct FoundFormat {
  ForeignFormat format;
  std::vector<std::string> files;  // of its annotations, sorted
  // Of a format that is JSON: files that are none, each with what is wrong.
  std::vector<std::string> damaged;
};

// `files`: all below `root`, sorted. `forced`: one of the names, or "" for the
// only format that there are files of. JSON is told by its keys, the others by
// folders: labels/ with text files, SegmentationObject/, inst/ with MATLAB's
// files, masks/. Errors: none, with what was found instead where it is known
// (XML, other files of MATLAB, results of a detector) and what to do about it;
// several, with a file of each.
absl::StatusOr<FoundFormat> FindFormat(const std::string& root,
                                       const std::vector<std::string>& files,
                                       absl::string_view forced);

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_FIND_FORMAT_H_
