#include "fcis/eval/report/browse_json.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/page/instance_json.h"
#include "fcis/data/coco/results.h"
#include "fcis/data/json/json_writer.h"
#include "fcis/eval/report/picture_panels.h"

namespace fcis::eval {
namespace {

constexpr int kCorrect = -1, kInCrowd = -2;

// The parts of an explanation's lists that are of one picture.
struct Range {
  size_t begin = 0, end = 0;
};

// For the page; files may say anything, and of NaN `min` makes the most.
int64_t WholeArea(double area) {
  constexpr double kMost = 1e15;
  return static_cast<int64_t>(std::max(std::min(kMost, area), -kMost));
}

template <typename List>
std::vector<Range> ByPicture(const List& list, int pictures) {
  std::vector<Range> ranges(static_cast<size_t>(pictures));
  for (size_t i = 0; i < list.size(); ++i) {
    Range& range = ranges[static_cast<size_t>(list[i].picture)];
    if (range.end == 0) range.begin = i;
    range.end = i + 1;
  }
  return ranges;
}

// `most` of `all`, spread evenly.
template <typename T>
std::vector<T> Thin(std::vector<T> all, size_t most) {
  if (all.size() <= most) return all;
  std::vector<T> some;
  for (size_t i = 0; i < most; ++i) {
    some.push_back(std::move(all[i * all.size() / most]));
  }
  return some;
}

class Browser {
 public:
  Browser(const Evaluation& evaluation, const Explanation& explanation,
          const BrowseOptions& options)
      : evaluation_(evaluation),
        explanation_(explanation),
        options_(options),
        objects_(ByPicture(explanation.table.objects,
                           explanation.table.num_pictures)),
        found_(ByPicture(explanation.table.detections,
                         explanation.table.num_pictures)) {}

  std::string PictureJson(const PictureScore& score) const;

 private:
  PagePicture SizeOf(int picture) const;
  std::string ObjectJson(const TableObject& object,
                         const PagePicture& size) const;
  std::string FoundJson(size_t index, const PagePicture& size) const;
  std::pair<int, double> Nearest(size_t index) const;

  const Evaluation& evaluation_;
  const Explanation& explanation_;
  const BrowseOptions& options_;
  const std::vector<Range> objects_, found_;
};

// By the annotations, or by an object's mask where these do not say.
PagePicture Browser::SizeOf(int picture) const {
  const GroundTruth& truth = evaluation_.truth;
  const data::CocoImage& image = truth.dataset().images[static_cast<size_t>(
      truth.images()[static_cast<size_t>(picture)])];
  auto height = static_cast<int>(image.height);
  auto width = static_cast<int>(image.width);
  for (const TruthObject& object : truth.ObjectsIn(picture)) {
    if (height > 0 && width > 0) break;
    height = object.mask.height;
    width = object.mask.width;
  }
  return PagePicture::Of(std::max(height, 0), std::max(width, 0),
                         options_.mask_side);
}

std::string Browser::ObjectJson(const TableObject& object,
                                const PagePicture& size) const {
  const TruthObject& truth = evaluation_.truth.objects()[object.truth];
  const bool masks = evaluation_.options.iou_type != IouType::kBbox;
  const Rle mask = truth.mask.ToRle();
  return absl::StrCat("{\"class\":", object.klass,
                      ",\"area\":", WholeArea(truth.area),
                      ",\"crowd\":", object.crowd ? "true" : "false", ",",
                      InstanceMembers(masks ? truth.mask.box : truth.box,
                                      masks ? &mask : nullptr, size),
                      "}");
}

// The object that a detection found or would have found, else the one that it
// lies on most; with the IoU.
std::pair<int, double> Browser::Nearest(size_t index) const {
  const OverlapTable& table = explanation_.table;
  const TableDetection& detection = table.detections[index];
  const int fated = explanation_.breakdown.fates[index].object;
  if (fated >= 0) return {fated, IouWith(table, detection, fated)};
  std::pair<int, double> nearest = {-1, 0};
  for (const Overlap& overlap : table.OverlapsOf(detection)) {
    if (overlap.iou > nearest.second) {
      nearest = {static_cast<int>(overlap.object), overlap.iou};
    }
  }
  return nearest;
}

std::string Browser::FoundJson(size_t index, const PagePicture& size) const {
  const TableDetection& detection = explanation_.table.detections[index];
  const DetectionFate& fate = explanation_.breakdown.fates[index];
  const auto [object, iou] = Nearest(index);
  const auto first =
      static_cast<int>(objects_[static_cast<size_t>(detection.picture)].begin);
  const int kind = fate.correct   ? kCorrect
                   : fate.ignored ? kInCrowd
                                  : static_cast<int>(fate.error);
  // It was read before.
  data::CocoResult result;
  Rle mask;
  bool has_mask = false;
  if (data::ReadResultAt(evaluation_.results->bytes(), evaluation_.results_path,
                         detection.offset, result)
          .ok() &&
      result.has_segmentation) {
    absl::StatusOr<Rle> read =
        data::SegmentationToRle(result.segmentation, size.height, size.width);
    has_mask = read.ok();
    if (has_mask) mask = *std::move(read);
  }
  if (has_mask && !result.has_bbox) result.bbox = RleToBbox(mask);
  const double area = has_mask ? static_cast<double>(RleArea(mask))
                               : result.bbox.width * result.bbox.height;
  const bool shows_mask =
      has_mask && evaluation_.options.iou_type != IouType::kBbox;
  return absl::StrCat(
      "{\"class\":", detection.klass, ",\"area\":", WholeArea(area),
      ",\"score\":", absl::SixDigits(detection.score), ",\"kind\":", kind,
      ",\"object\":", object < 0 ? -1 : object - first,
      ",\"iou\":", absl::SixDigits(iou), ",",
      InstanceMembers(result.bbox, shows_mask ? &mask : nullptr, size), "}");
}

std::string Browser::PictureJson(const PictureScore& score) const {
  const auto picture = static_cast<size_t>(score.picture);
  const PagePicture size = SizeOf(score.picture);
  std::vector<std::string> objects, found;
  for (size_t i = objects_[picture].begin; i < objects_[picture].end; ++i) {
    objects.push_back(ObjectJson(explanation_.table.objects[i], size));
  }
  const size_t end = std::min(found_[picture].end,
                              found_[picture].begin + options_.most_found);
  for (size_t i = found_[picture].begin; i < end; ++i) {
    found.push_back(FoundJson(i, size));
  }
  const std::string name =
      data::ToJson(PictureName(evaluation_, score.picture));
  return absl::StrCat("{\"name\":", name, ",\"width\":", size.width,
                      ",\"height\":", size.height, ",\"mask_size\":[",
                      size.mask_height, ",", size.mask_width,
                      "],\"quality\":", absl::SixDigits(score.quality),
                      ",\"objects\":[", absl::StrJoin(objects, ","),
                      "],\"found\":[", absl::StrJoin(found, ","), "]}");
}

}  // namespace

std::string BrowseJson(const Evaluation& evaluation,
                       const Explanation& explanation,
                       const BrowseOptions& options) {
  std::vector<PictureScore> ranked = RankPictures(
      explanation.table, explanation.breakdown, explanation.point.score);
  const size_t all = ranked.size();
  absl::c_reverse(ranked);
  ranked = Thin(std::move(ranked), options.most_pictures);
  const Browser browser(evaluation, explanation, options);
  std::vector<std::string> pictures(ranked.size());
  ParallelForEach(ranked.size(), 1, [&](size_t i) {
    pictures[i] = browser.PictureJson(ranked[i]);
  });
  size_t bytes = 0;
  for (const std::string& picture : pictures) bytes += picture.size();
  if (bytes > options.most_bytes) {
    const size_t count = pictures.size();
    pictures = Thin(std::move(pictures), options.most_bytes * count / bytes);
  }
  const std::string base = data::ToJson(options.image_base);
  return absl::StrCat("{\"image_base\":", base,
                      ",\"most_found\":", options.most_found, ",\"of\":", all,
                      ",\"pictures\":[", absl::StrJoin(pictures, ","), "]}");
}

}  // namespace fcis::eval
