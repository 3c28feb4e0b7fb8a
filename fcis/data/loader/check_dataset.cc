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
  const absl::StatusOr<Image> image = ReadImage(picture.path);
  if (absl::IsNotFound(image.status())) {
    notes.push_back({Finding::kMissingPicture, ""});
  } else if (!image.ok()) {
    notes.push_back({Finding::kDamagedPicture,
                     absl::StrCat("image id ", picture.id.ToString(), ": ",
                                  image.status().message())});
  } else if (image->height != picture.height || image->width != picture.width) {
    notes.push_back({Finding::kOtherSize,
                     absl::StrCat("image id ", picture.id.ToString(), ": ",
                                  DescribeSizeMismatch(
                                      picture.path, image->height, image->width,
                                      picture.height, picture.width))});
  }
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
  ParallelFor(total, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto at = static_cast<size_t>(i);
      const CocoPicture& picture = index.pictures[at];
      CheckPicture(picture, of_pictures[at]);
      for (const CocoObject& object : index.ObjectsOf(picture)) {
        CheckObject(picture, object, of_objects[at]);
      }
      done(++finished, total);
    }
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
