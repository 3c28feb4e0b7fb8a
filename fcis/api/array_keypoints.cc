// The part of ArrayEvaluation that compares keypoints: COCOeval's computeOks.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/api/array_evaluation.h"
#include "fcis/api/c_masks.h"
#include "fcis/api/c_status.h"
#include "fcis/core/base/pairwise_sum.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::api {
namespace {

constexpr int64_t kGrain = 16;  // cells
constexpr int64_t kMostKeypoints = 1 << 20;
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

}  // namespace

absl::Status ArrayEvaluation::MeasureKeypoints(
    int64_t k, const double* sigmas, const double* object_keypoints,
    const double* detection_keypoints) {
  if (k < 1 || k > kMostKeypoints) {
    return absl::InvalidArgumentError(
        absl::StrCat("keypoints: ", k, ", expected 1 to ", kMostKeypoints));
  }
  const int64_t each = 3 * k;
  RETURN_IF_ERROR(CheckArray(sigmas, k, "sigmas"));
  RETURN_IF_ERROR(
      CheckArray(object_keypoints, each * input_.objects, "object_keypoints"));
  RETURN_IF_ERROR(CheckArray(detection_keypoints, each * input_.detections,
                             "detection_keypoints"));
  RETURN_IF_ERROR(
      CheckArray(input_.object_boxes, input_.objects, "object_boxes"));
  std::vector<double> variances;
  for (int64_t i = 0; i < k; ++i) {
    variances.push_back(4 * (sigmas[i] * sigmas[i]));
  }
  ious_.resize(static_cast<size_t>(num_pairs()));
  const auto measure = [&](size_t cell, std::vector<double>& terms) {
    const size_t d0 = detections_.Begin(cell), D = detections_.Size(cell);
    const size_t g0 = objects_.Begin(cell), G = objects_.Size(cell);
    auto at = static_cast<size_t>(pairs_[cell]);
    for (size_t d = d0; d < d0 + D; ++d) {
      for (size_t g = g0; g < g0 + G; ++g) {
        const int64_t object = objects_.order[g];
        ious_[at++] = Similarity(
            variances, detection_keypoints + each * detections_.order[d],
            object_keypoints + each * object,
            BoxAt(input_.object_boxes, object), object_areas_[g], terms);
      }
    }
  };
  ForCells<std::vector<double>>(kGrain, measure);
  return absl::OkStatus();
}

}  // namespace fcis::api
