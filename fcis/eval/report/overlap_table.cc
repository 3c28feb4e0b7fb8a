#include "fcis/eval/report/overlap_table.h"

#include <algorithm>
#include <numeric>

#include "absl/algorithm/container.h"
#include "absl/types/span.h"
#include "fcis/eval/coco/ground_truth.h"

namespace fcis::eval {
namespace {

// Also notes the number of each of the evaluation's objects in the table.
void TakeObjects(const GroundTruth& truth, OverlapTable& table,
                 std::vector<uint32_t>& number) {
  number.resize(truth.objects().size());
  for (int picture = 0; picture < table.num_pictures; ++picture) {
    const absl::Span<const TruthObject> objects = truth.ObjectsIn(picture);
    std::vector<size_t> order(objects.size());
    std::iota(order.begin(), order.end(), 0);
    absl::c_stable_sort(order, [&](size_t a, size_t b) {
      return objects[a].annotation < objects[b].annotation;
    });
    for (const size_t i : order) {
      const TruthObject& object = objects[i];
      const data::CocoAnnotation& annotation =
          truth.dataset().annotations[static_cast<size_t>(object.annotation)];
      const auto position = static_cast<size_t>(truth.Position(objects)) + i;
      number[position] = static_cast<uint32_t>(table.objects.size());
      table.objects.push_back(
          {picture, truth.ClassOf(truth.FindCategory(annotation.category_id)),
           object.crowd || object.ignore, static_cast<uint32_t>(position)});
    }
  }
}

// Of all detections: by picture, the best first.
std::vector<uint32_t> BestFirst(absl::Span<const ScoredDetection> list) {
  std::vector<uint32_t> order(list.size());
  std::iota(order.begin(), order.end(), 0);
  absl::c_stable_sort(order, [&](uint32_t a, uint32_t b) {
    return list[a].image != list[b].image ? list[a].image < list[b].image
                                          : list[a].score > list[b].score;
  });
  return order;
}

void TakeDetections(const Evaluation& evaluation,
                    const std::vector<uint32_t>& number, OverlapTable& table) {
  const Detections& detections = evaluation.detections;
  const int max_dets = *absl::c_max_element(evaluation.options.max_dets);
  int picture = -1, taken = 0;
  for (const uint32_t i : BestFirst(detections.list)) {
    const ScoredDetection& detection = detections.list[i];
    if (detection.image != picture) taken = 0;
    picture = detection.image;
    if (taken++ >= max_dets) continue;
    const DetectionTrace& trace = detections.traces[i];
    const auto first = static_cast<uint32_t>(table.overlaps.size());
    for (uint32_t k = 0; k < trace.num_touches; ++k) {
      const Overlap& touch = detections.touches[trace.first_touch + k];
      table.overlaps.push_back({number[touch.object], touch.iou});
    }
    std::sort(
        table.overlaps.begin() + first, table.overlaps.end(),
        [](const Overlap& a, const Overlap& b) { return a.object < b.object; });
    table.detections.push_back(
        {picture, evaluation.truth.ClassOf(detection.category), detection.score,
         first, trace.num_touches, trace.offset});
  }
}

}  // namespace

OverlapTable MakeOverlapTable(const Evaluation& evaluation) {
  OverlapTable table;
  table.num_pictures = static_cast<int>(evaluation.truth.images().size());
  table.num_classes = evaluation.truth.num_classes();
  std::vector<uint32_t> number;
  TakeObjects(evaluation.truth, table, number);
  TakeDetections(evaluation, number, table);
  return table;
}

}  // namespace fcis::eval
