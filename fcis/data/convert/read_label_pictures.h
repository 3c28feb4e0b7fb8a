// Reads outlines that are pictures: Pascal VOC's segmentations, and folders of
// masks.
#ifndef FCIS_DATA_CONVERT_READ_LABEL_PICTURES_H_
#define FCIS_DATA_CONVERT_READ_LABEL_PICTURES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/codec/png.h"
#include "fcis/data/convert/foreign_set.h"
#include "fcis/data/convert/reader_input.h"

namespace fcis::data {

// Pascal VOC's twenty classes, from number 1 on.
absl::Span<const char* const> VocClasses();

// The lines of a list of pictures, which names them without their endings.
absl::StatusOr<std::set<std::string>> ReadStems(const std::string& path);

// The mask of each label but 0 in a picture of labels.
std::map<uint32_t, Rle> MasksOfLabels(const PngLabels& picture);

// Colours of Pascal VOC's palette in place of their numbers, 0 to 255.
// InvalidArgument names a colour that is none of them.
absl::Status ColorsToVocLabels(PngLabels* picture);

// CVAT's labelmap.txt, "name:r,g,b:parts:actions" line by line: names by
// colour. Errors, without the file's name: a line that is none.
absl::StatusOr<std::map<uint32_t, std::string>> ParseLabelMap(
    absl::string_view text);

// SegmentationObject/<stem>.png has a number for each object of
// JPEGImages/<stem>.jpg, SegmentationClass/<stem>.png that of its class: the
// one that most of its pixels have. 0 is background, 255 void, which belongs to
// nothing. Numbers are those of a palette, of gray, or of VOC's colours;
// classes are VOC's twenty, or where labelmap.txt says so other colours'
// (CVAT's "Segmentation mask"). ImageSets/Segmentation/val.txt names what
// validates.
absl::Status ReadVoc(const ReaderInput& input, ForeignSet* set);

// What the name of a mask says.
struct MaskName {
  std::string picture;     // its stem
  std::string class_name;  // "": the name has none
  bool single = false;     // one object, of any colour but black
};
// By the stem of its file, `has(stem)` tells of which there are pictures: the
// picture's own; or that and _<number>, _<class>_<number> or _<number>_<class>.
std::optional<MaskName> ParseMaskName(
    absl::string_view stem, const std::function<bool(const std::string&)>& has);

// Masks lie below a folder masks/, pictures elsewhere. A mask that is named as
// its picture has a number or colour for each object (0, black: background; 255
// of gray or of a palette that has others too: void); one with a number behind
// is a single object. The class is the name's (ParseMaskName), else that of the
// folder below masks/, else "object". Pictures without a mask have no objects.
absl::Status ReadMasks(const ReaderInput& input, ForeignSet* set);

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_READ_LABEL_PICTURES_H_
