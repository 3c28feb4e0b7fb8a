#include "fcis/data/loader/dataset_report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "fcis/data/json/json_writer.h"

namespace fcis::data {
namespace {

constexpr size_t kFindings = static_cast<size_t>(Finding::kCount);

struct Description {
  Finding finding;
  const char* key;
  const char* text;
};

constexpr std::array<Description, kFindings> kDescriptions = {{
    {Finding::kMissingPicture, "missing_picture", "pictures are missing"},
    {Finding::kDamagedPicture, "damaged_picture", "pictures cannot be read"},
    {Finding::kOtherSize, "other_size",
     "pictures have another size than the file says"},
    {Finding::kNoSize, "no_size",
     "pictures without height and width, which were measured"},
    {Finding::kDuplicateImage, "duplicate_image",
     "picture ids occur again; the last counts"},
    {Finding::kNoAnnotation, "no_annotation",
     "pictures without annotations, trained on as background if at all"},
    {Finding::kNoUsableAnnotation, "no_usable_annotation",
     "pictures without usable annotations, not trained on"},
    {Finding::kAllVanish, "all_vanish",
     "pictures whose boxes all vanish when prepared, not trained on"},
    {Finding::kUnknownImage, "unknown_image",
     "annotations of unknown pictures, left out"},
    {Finding::kUnknownCategory, "unknown_category",
     "annotations of unknown categories, left out"},
    {Finding::kDuplicateAnnotation, "duplicate_annotation",
     "annotation ids occur again; each is trained on, an evaluation takes the "
     "last of each id"},
    {Finding::kCrowd, "crowd", "annotations of crowds, not learnt"},
    {Finding::kIgnored, "ignored",
     "annotations that are marked as ignored, not learnt"},
    {Finding::kNoBox, "no_box",
     "annotations without a box, which the mask gave"},
    {Finding::kEmptyBox, "empty_box",
     "annotations whose box is empty within the picture, left out"},
    {Finding::kVanishingBox, "vanishing_box",
     "annotations whose box vanishes when prepared, left out"},
    {Finding::kShortPolygon, "short_polygon",
     "annotations with polygons of fewer than 3 points, which were dropped"},
    {Finding::kBadMask, "bad_mask",
     "annotations whose segmentation is no mask of the picture, left out"},
    {Finding::kEmptyMask, "empty_mask", "annotations with an empty mask"},
    {Finding::kBoxBesideMask, "box_beside_mask",
     "annotations whose box is not that of their mask"},
    {Finding::kDuplicateCategory, "duplicate_category",
     "category ids occur again; the first counts"},
}};

constexpr bool InOrder() {
  for (size_t i = 0; i < kFindings; ++i) {
    if (static_cast<size_t>(kDescriptions[i].finding) != i) return false;
  }
  return true;
}
static_assert(InOrder(), "kDescriptions are to be in the order of Finding");

// Its number, and texts under `key`.
template <typename Writer>
void PutEntry(absl::string_view name, int64_t count, const char* key,
              const std::vector<std::string>& texts, Writer& json) {
  PutObject(name, json, [&] {
    PutMember("count", count, json);
    PutArray(key, texts, json);
  });
}

}  // namespace

void DatasetReport::Add(Finding finding, const std::string& example) {
  Entry& entry = entries_[static_cast<size_t>(finding)];
  if (entry.count++ < kExamples) entry.examples.push_back(example);
}

std::string DatasetReport::ToText() const {
  std::string text =
      absl::StrFormat("%d of %d pictures and %d of %d annotations are used\n",
                      used_pictures, pictures, used_annotations, annotations);
  for (const Description& d : kDescriptions) {
    const Entry& entry = At(d.finding);
    if (entry.count == 0) continue;
    // Files, a line each; else ids.
    const bool lines = d.finding <= Finding::kOtherSize;
    const char* const between = lines ? "\n          " : ", ";
    absl::StrAppendFormat(
        &text, "%8d  %s:%s%s%s\n", entry.count, d.text, lines ? between : " ",
        absl::StrJoin(entry.examples, between),
        entry.count > kExamples ? absl::StrCat(between, "...") : "");
  }
  return text;
}

std::string DatasetReport::ToJson() const {
  const std::string text = PrettyJsonOf([&](auto& json) {
    PutObject(json, [&] {
      PutMember("pictures", pictures, json);
      PutMember("used_pictures", used_pictures, json);
      PutMember("annotations", annotations, json);
      PutMember("used_annotations", used_annotations, json);
      PutObject("findings", json, [&] {
        for (const Description& d : kDescriptions) {
          const Entry& entry = At(d.finding);
          PutEntry(d.key, entry.count, "examples", entry.examples, json);
        }
      });
      for (const auto& [name, lines] :
           {std::pair("errors", &problems.errors),
            std::pair("conflicts", &problems.conflicts),
            std::pair("remarks", &problems.remarks)}) {
        PutEntry(name, lines->count, "lines", lines->lines, json);
      }
    });
  });
  return text + "\n";
}

}  // namespace fcis::data
