#include "fcis/eval/coco/accumulate.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "fcis/core/base/parallel.h"
#include "fcis/eval/coco/class_evaluation.h"

namespace fcis::eval {
namespace {

// Detections class by class.
struct Members {
  LargeVector<RankKey> keys;
  std::vector<size_t> first;  // by class, and the end
};

// Where the detections of each block go, class by class: first their number,
// then the place of the next.
class Places {
 public:
  Places(size_t blocks, size_t classes)
      : classes_(classes), places_(blocks * classes, 0) {}
  size_t& At(size_t block, size_t klass) {
    return places_[block * classes_ + klass];
  }
  // The first place of each class, and the end.
  std::vector<size_t> FromNumbers() {
    std::vector<size_t> first(1, 0);
    size_t next = 0;
    for (size_t klass = 0; klass < classes_; ++klass) {
      for (size_t at = klass; at < places_.size(); at += classes_) {
        next += std::exchange(places_[at], next);
      }
      first.push_back(next);
    }
    return first;
  }

 private:
  const size_t classes_;
  std::vector<size_t> places_;
};

Members ByClass(const GroundTruth& truth, const Detections& detections) {
  constexpr int64_t kBlock = 1 << 14;
  const auto size = static_cast<int64_t>(detections.list.size());
  Places places(static_cast<size_t>(size / kBlock + 1),
                static_cast<size_t>(truth.num_classes()));
  const auto place = [&](int64_t position) -> size_t& {
    const auto i = static_cast<size_t>(position);
    return places.At(
        static_cast<size_t>(position / kBlock),
        static_cast<size_t>(truth.ClassOf(detections.list[i].category)));
  };
  ParallelForEach(size, kBlock, [&](int64_t i) { ++place(i); });
  Members members;
  members.first = places.FromNumbers();
  members.keys.resize(detections.list.size());
  ParallelForEach(size, kBlock, [&](int64_t i) {
    members.keys[place(i)++] = {detections.list[static_cast<size_t>(i)].score,
                                static_cast<uint32_t>(i)};
  });
  return members;
}

}  // namespace

EvalCurves::EvalCurves(const EvalOptions& options, int num_classes)
    : T(static_cast<int>(options.iou_thresholds.size())),
      R(static_cast<int>(options.recall_thresholds.size())),
      K(num_classes),
      A(static_cast<int>(options.area_ranges.size())),
      M(static_cast<int>(options.max_dets.size())) {
  recall.resize(At(0, K, 0, 0));
  precision.resize(At(0, 0, K, 0, 0));
  scores.resize(At(0, 0, K, 0, 0));
}

EvalCurves Accumulate(const GroundTruth& truth, const Detections& detections,
                      const EvalOptions& options) {
  EvalCurves curves(options, truth.num_classes());
  const Members members = ByClass(truth, detections);
  ParallelForEach(truth.num_classes(), 1, [&](int k) {
    const size_t first = members.first[static_cast<size_t>(k)];
    const size_t last = members.first[static_cast<size_t>(k) + 1];
    EvaluateClass(
        truth, detections, options, k,
        absl::MakeConstSpan(members.keys).subspan(first, last - first), curves);
  });
  return curves;
}

}  // namespace fcis::eval
