#include "fcis/eval/report/overlap_table.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/algorithm/container.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/data/json/open_json.h"
#include "fcis/eval/coco/ground_truth.h"

namespace fcis {
namespace {

// Number of each of `truth`'s objects in the file's order of its picture. The
// objects of a picture follow one another there, by category.
std::vector<uint32_t> FileOrder(const GroundTruth& truth,
                                absl::Span<const int> pictures) {
  std::vector<uint32_t> order(truth.objects().size());
  std::iota(order.begin(), order.end(), 0);
  absl::c_sort(order, [&](uint32_t a, uint32_t b) {
    return std::make_pair(pictures[a], truth.objects()[a].annotation) <
           std::make_pair(pictures[b], truth.objects()[b].annotation);
  });
  return order;
}

void TakeObjects(const GroundTruth& truth, bool class_agnostic,
                 OverlapTable& table, std::vector<uint32_t>& number) {
  const std::vector<CocoAnnotation>& annotations = truth.dataset().annotations;
  std::vector<int> pictures;
  for (const TruthObject& object : truth.objects()) {
    const auto& annotation =
        annotations[static_cast<size_t>(object.annotation)];
    pictures.push_back(truth.FindImage(annotation.image_id).evaluated);
  }
  number.resize(pictures.size());
  for (const uint32_t i : FileOrder(truth, pictures)) {
    const TruthObject& object = truth.objects()[i];
    const auto& annotation =
        annotations[static_cast<size_t>(object.annotation)];
    number[i] = static_cast<uint32_t>(table.objects.size());
    table.objects.push_back(
        {pictures[i],
         class_agnostic ? 0 : truth.FindCategory(annotation.category_id),
         object.crowd || object.ignore});
  }
}

void TakeDetections(const Detections& detections, bool class_agnostic,
                    int max_dets, const std::vector<uint32_t>& number,
                    OverlapTable& table) {
  std::vector<uint32_t> order(detections.list.size());
  std::iota(order.begin(), order.end(), 0);
  absl::c_stable_sort(order, [&](uint32_t a, uint32_t b) {
    const ScoredDetection& da = detections.list[a];
    const ScoredDetection& db = detections.list[b];
    return da.image != db.image ? da.image < db.image : da.score > db.score;
  });
  int picture = -1, taken = 0;
  for (const uint32_t i : order) {
    const ScoredDetection& detection = detections.list[i];
    if (detection.image != picture) taken = 0;
    picture = detection.image;
    if (taken++ >= max_dets) continue;
    const auto first = static_cast<uint32_t>(table.overlaps.size());
    for (uint32_t k = 0; k < detection.num_overlaps; ++k) {
      Overlap overlap = detections.overlaps[detection.first_overlap + k];
      overlap.object = number[overlap.object];
      table.overlaps.push_back(overlap);
    }
    std::sort(
        table.overlaps.begin() + first, table.overlaps.end(),
        [](const Overlap& a, const Overlap& b) { return a.object < b.object; });
    table.detections.push_back(
        {picture, class_agnostic ? 0 : detection.category, detection.score,
         first, detection.num_overlaps});
  }
}

}  // namespace

absl::StatusOr<OverlapTable> ReadOverlapTable(const CocoDataset& dataset,
                                              const std::string& results,
                                              EvalOptions options) {
  const bool class_agnostic = options.class_agnostic;
  options.class_agnostic = true;  // overlaps across categories
  options.iou_thresholds = {kBackgroundIou};
  ASSIGN_OR_RETURN(const GroundTruth truth,
                   GroundTruth::Build(dataset, options));
  ASSIGN_OR_RETURN(const auto file, OpenJson(results));
  ASSIGN_OR_RETURN(
      const Detections detections,
      ReadDetections(file->bytes(), results, truth, options, NumThreads()));
  OverlapTable table;
  table.num_pictures = static_cast<int>(truth.images().size());
  table.num_classes =
      class_agnostic ? 1 : static_cast<int>(truth.categories().size());
  std::vector<uint32_t> number;
  TakeObjects(truth, class_agnostic, table, number);
  TakeDetections(detections, class_agnostic,
                 *absl::c_max_element(options.max_dets), number, table);
  return table;
}

}  // namespace fcis
