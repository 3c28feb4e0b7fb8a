// The part of ArrayEvaluation that compares keypoints: COCOeval's computeOks.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/pairwise_sum.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/eval/arrays/array_evaluation.h"

namespace fcis::eval {
namespace {

constexpr int64_t kGrain = 16;  // cells
// NumPy's spacing(1), which keeps the division from being one by 0.
constexpr double kSpacing = std::numeric_limits<double>::epsilon();

// How far x lies outside of a side, doubled on both ends. Of NaN: NaN.
double Beyond(double x, double begin, double size) {
  const double low = begin - size, high = begin + size * 2;
  return std::max(low - x, 0.0) + std::max(x - high, 0.0);
}

// Of a detection with an object whose keypoints are g. `terms` is memory.
double Similarity(const std::vector<double>& variances, const double* d,
                  const double* g, const XywhBox& box, double area,
                  std::vector<double>& terms) {
  const size_t k = variances.size();
  bool any = false;
  for (size_t i = 0; i < k; ++i) any |= g[3 * i + 2] > 0;
  terms.clear();
  for (size_t i = 0; i < k; ++i) {
    const double x = d[3 * i], y = d[3 * i + 1];
    if (any && !(g[3 * i + 2] > 0)) continue;
    const double dx = any ? x - g[3 * i] : Beyond(x, box.x, box.width);
    const double dy = any ? y - g[3 * i + 1] : Beyond(y, box.y, box.height);
    const double e = (dx * dx + dy * dy) / variances[i] / (area + kSpacing) / 2;
    terms.push_back(std::exp(-e));
  }
  const auto n = static_cast<int64_t>(terms.size());
  return PairwiseSum(terms.data(), n) / static_cast<double>(n);
}

absl::Status CheckLength(size_t size, size_t expected, const char* name) {
  if (size == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, ": expected ", expected, " numbers, got ", size));
}

}  // namespace

absl::Status ArrayEvaluation::MeasureKeypoints(
    absl::Span<const double> sigmas, absl::Span<const double> object_keypoints,
    absl::Span<const double> detection_keypoints) {
  const size_t k = sigmas.size();
  const ObjectColumns& o = object_columns_;
  if (k == 0) return absl::InvalidArgumentError("sigmas: expected some");
  RETURN_IF_ERROR(CheckLength(object_keypoints.size(), 3 * k * o.cells.size(),
                              "object keypoints"));
  RETURN_IF_ERROR(CheckLength(detection_keypoints.size(),
                              3 * k * detection_columns_.cells.size(),
                              "detection keypoints"));
  RETURN_IF_ERROR(
      CheckLength(4 * o.boxes.size(), 4 * o.cells.size(), "object boxes"));
  std::vector<double> variances;
  for (const double sigma : sigmas) variances.push_back(4 * (sigma * sigma));
  ious_.resize(static_cast<size_t>(num_pairs()));
  const auto measure = [&](size_t cell, std::vector<double>& terms) {
    const size_t d0 = detections_.Begin(cell), D = detections_.Size(cell);
    const size_t g0 = objects_.Begin(cell), G = objects_.Size(cell);
    auto at = static_cast<size_t>(pairs_[cell]);
    for (size_t d = 0; d < D; ++d) {
      const auto detection = static_cast<size_t>(detections_.order[d0 + d]);
      for (size_t g = 0; g < G; ++g) {
        const auto object = static_cast<size_t>(objects_.order[g0 + g]);
        ious_[at++] = Similarity(variances,
                                 detection_keypoints.data() + 3 * k * detection,
                                 object_keypoints.data() + 3 * k * object,
                                 o.boxes[object], object_areas_[g0 + g], terms);
      }
    }
  };
  ParallelFor(static_cast<int64_t>(num_cells()), kGrain,
              [&](int64_t begin, int64_t end) {
                std::vector<double> terms;
                for (int64_t c = begin; c < end; ++c) {
                  measure(static_cast<size_t>(c), terms);
                }
              });
  return absl::OkStatus();
}

}  // namespace fcis::eval
