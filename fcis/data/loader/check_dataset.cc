#include "fcis/data/loader/check_dataset.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/loader/judgement.h"
#include "fcis/data/loader/similar_file.h"
#include "fcis/data/loader/training_set.h"

namespace fcis::data {
namespace {

// How far a box may lie from its mask: COCO's boxes are those of polygons in
// fractions of pixels, and of parts that are thinner than one.
constexpr float kSlack = 3, kSlackShare = .05f;

struct Note {
  Finding finding;
  std::string example;
};

bool IsBeside(const Box& a, const Box& b) {
  const float slack =
      std::max(kSlack, kSlackShare * std::max(a.width(), a.height()));
  const float off =
      std::max(std::max(std::abs(a.x0 - b.x0), std::abs(a.y0 - b.y0)),
               std::max(std::abs(a.x1 - b.x1), std::abs(a.y1 - b.y1)));
  return off > slack;
}

void CheckPicture(const CocoPicture& picture, std::vector<Note>& notes) {
  const absl::Status fault = FaultOf(picture, ReadImage(picture.path));
  if (fault.ok()) return;
  if (absl::IsNotFound(fault)) {
    notes.push_back({Finding::kMissingPicture, ""});
    return;
  }
  notes.push_back({absl::IsFailedPrecondition(fault) ? Finding::kOtherSize
                                                     : Finding::kDamagedPicture,
                   absl::StrCat("image id ", picture.id.ToString(), ": ",
                                fault.message())});
}

void CheckObject(const CocoPicture& picture, const CocoObject& object,
                 std::vector<Note>& notes) {
  if (object.ignored) return;
  const absl::StatusOr<Rle> mask =
      DecodeSegmentation(object.segmentation, picture.height, picture.width);
  if (!mask.ok()) return;  // IndexCoco has told, and left it out
  if (RleArea(*mask) == 0) {
    notes.push_back({Finding::kEmptyMask, object.id.ToString()});
  } else if (IsBeside(object.box, BoxFromXywh(RleToBbox(*mask)))) {
    notes.push_back({Finding::kBoxBesideMask, object.id.ToString()});
  }
}

}  // namespace

absl::StatusOr<DatasetReport> CheckDataset(
    absl::Span<const CocoSource> sources, const InputConfig& input,
    const std::function<void(int64_t done, int64_t total)>& done) {
  // Regions that are ignored must be sound, too.
  CocoUse use;
  use.ignored_regions = true;
  CocoNeeds needs = TrainingNeeds(use);
  needs.evaluated_later = true;
  ASSIGN_OR_RETURN(CocoIndex index, IndexCoco(sources, needs));
  const auto total = static_cast<int64_t>(index.pictures.size());
  // Of pictures, and of their objects.
  std::vector<std::vector<Note>> of_pictures(index.pictures.size());
  std::vector<std::vector<Note>> of_objects(index.pictures.size());
  std::atomic<int64_t> finished{0};
  ParallelForEach(index.pictures.size(), 1, [&](size_t i) {
    const CocoPicture& picture = index.pictures[i];
    CheckPicture(picture, of_pictures[i]);
    for (const CocoObject& object : index.ObjectsOf(picture)) {
      CheckObject(picture, object, of_objects[i]);
    }
    done(++finished, total);
  });
  for (size_t i = 0; i < index.pictures.size(); ++i) {
    CocoPicture& picture = index.pictures[i];
    for (const Note& note : of_pictures[i]) {
      const bool describe =
          note.finding == Finding::kMissingPicture &&
          index.report.count(note.finding) < DatasetReport::kExamples;
      index.report.Add(note.finding,
                       describe ? DescribeUnreadable(picture.id, picture.path)
                                : note.example);
      picture.begin = picture.end;  // it is of no use
    }
    for (const Note& note : of_objects[i]) {
      index.report.Add(note.finding, note.example);
    }
  }
  UsablePictures(input, index);
  return std::move(index.report);
}

bool HasBadPictures(const DatasetReport& report) {
  return report.count(Finding::kMissingPicture) > 0 ||
         report.count(Finding::kDamagedPicture) > 0 ||
         report.count(Finding::kOtherSize) > 0;
}

}  // namespace fcis::data
