#include "fcis/data/coco/data_flags.h"

#include <filesystem>
#include <system_error>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/suggest.h"

ABSL_FLAG(std::string, ann_file, "",
          "Annotations of any data set in COCO's format, with --image_dir.");
ABSL_FLAG(std::string, image_dir, "", "The pictures of --ann_file.");
ABSL_FLAG(std::string, data_dir, "~/data/datasets/coco",
          "COCO's files, as download lays them out.");
ABSL_FLAG(std::string, map_classes, "",
          "Which category of the data set that is scored a class of the model "
          "is where the names differ: person:pedestrian,'model name:set name'. "
          "Several classes may be one category. Else names decide, whatever "
          "their case; usual spellings (aeroplane, airplane) are known.");
ABSL_FLAG(std::string, bad_annotations, "error",
          "Annotations, pictures and categories that lack what is needed of "
          "them, or hold something else there: error names them and ends "
          "before the work begins, skip names them and leaves them out. "
          "Annotations of unknown pictures or categories, and runs of another "
          "size than their picture, are bad for training and check_dataset; "
          "an evaluation scores them as pycocotools does, and says so.");
ABSL_FLAG(int, max_messages, 20, "How many bad records are named.");

namespace fcis::data {

absl::StatusOr<BadAnnotationPolicy> BadAnnotationPolicyFromFlags() {
  const std::string choice = absl::GetFlag(FLAGS_bad_annotations);
  RETURN_IF_ERROR(CheckChoice("bad_annotations", choice, {"error", "skip"}));
  RETURN_IF_ERROR(CheckRange(FLAGS_max_messages, 0, RecordLines::kKept));
  BadAnnotationPolicy policy;
  policy.skip = choice == "skip";
  policy.max_messages = absl::GetFlag(FLAGS_max_messages);
  return policy;
}

absl::StatusOr<std::string> ImageDirFromFlag() {
  const std::string directory = ResolvePath(absl::GetFlag(FLAGS_image_dir));
  std::error_code error;
  if (directory.empty() || std::filesystem::is_directory(directory, error)) {
    return directory;
  }
  return absl::NotFoundError(
      absl::StrCat("--image_dir ", directory, ": not a directory"));
}

}  // namespace fcis::data
