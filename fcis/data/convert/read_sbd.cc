#include "fcis/data/convert/read_sbd.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/io/file.h"
#include "fcis/data/convert/mat_file.h"
#include "fcis/data/convert/read_label_pictures.h"

namespace fcis::data {
namespace {

constexpr uint32_t kVoid = 255;

PngLabels RowMajor(const MatArray& array) {
  PngLabels labels;
  labels.height = static_cast<int>(array.rows);
  labels.width = static_cast<int>(array.columns);
  labels.labels.resize(array.values.size());
  const auto rows = static_cast<size_t>(array.rows);
  const auto columns = static_cast<size_t>(array.columns);
  for (size_t i = 0; i < array.values.size(); ++i) {
    labels.labels[i % rows * columns + i / rows] = array.values[i];
  }
  return labels;
}

// `categories`: of the objects, from number 1 on.
absl::StatusOr<ForeignObject> MakeObject(
    uint32_t number, Rle mask, const std::vector<uint32_t>& categories) {
  ForeignObject object;
  object.where = absl::StrCat("object ", number);
  if (number > categories.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(object.where, ": GTinst.Categories has ",
                     categories.size(), ", expected one for each object"));
  }
  const uint32_t category = categories[number - 1];
  const auto classes = VocClasses();
  if (category < 1 || category > classes.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        object.where, " is of class ", category, ", expected 1 to 20"));
  }
  object.name = classes[category - 1];
  object.mask = std::move(mask);
  return object;
}

absl::Status AddObjects(absl::string_view file, ForeignPicture* picture) {
  ASSIGN_OR_RETURN(const std::vector<MatArray> arrays,
                   ReadMatFields(file, "GTinst", {"Segmentation", "Categories"},
                                 kMaxMatVariable));
  const MatArray& segmentation = arrays[0];
  RETURN_IF_ERROR(CheckMaskSize(segmentation.rows, segmentation.columns));
  picture->height = segmentation.rows;
  picture->width = segmentation.columns;
  for (auto& [number, mask] : MasksOfLabels(RowMajor(segmentation))) {
    if (number == kVoid) continue;
    ASSIGN_OR_RETURN(ForeignObject object,
                     MakeObject(number, std::move(mask), arrays[1].values));
    picture->objects.push_back(std::move(object));
  }
  return absl::OkStatus();
}

// Stems of the pictures that validate.
absl::StatusOr<std::set<std::string>> ReadValidates(const ReaderInput& input) {
  const std::string list =
      DirectoryOf(DirectoryOf(input.files.front())) + "/val.txt";
  absl::StatusOr<std::set<std::string>> stems = ReadStems(list);
  if (absl::IsNotFound(stems.status())) return std::set<std::string>();
  return stems;
}

absl::StatusOr<ForeignPicture> ReadPicture(
    const std::string& file, const PictureFinder& pictures,
    const std::set<std::string>& validates) {
  ForeignPicture picture;
  picture.source = file;
  const std::string stem = StemOf(file);
  picture.validates = validates.count(stem) > 0;
  ASSIGN_OR_RETURN(picture.path,
                   pictures.FindStem(absl::StrCat(
                       DirectoryOf(DirectoryOf(file)), "/img/", stem)));
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(file));
  RETURN_IF_ERROR(AddObjects(bytes, &picture));
  return picture;
}

}  // namespace

absl::Status ReadSbd(const ReaderInput& input, ForeignSet* set) {
  ASSIGN_OR_RETURN(const std::set<std::string> validates, ReadValidates(input));
  for (const char* name : VocClasses()) set->AddClass(name);
  for (const std::string& file : input.files) {
    set->Take(file, ReadPicture(file, *input.pictures, validates));
  }
  return absl::OkStatus();
}

}  // namespace fcis::data
