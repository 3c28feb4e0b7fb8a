// The masks and keypoints of RecordColumns.
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle_polygon.h"
#include "fcis/data/coco/segmentation.h"
#include "fcis/data/json/json_scanner.h"
#include "fcis/eval/arrays/record_columns.h"

namespace fcis::eval {
namespace {

absl::StatusOr<Rle> MaskOf(const RecordColumns& records, size_t i,
                           int64_t height, int64_t width,
                           data::Segmentation& segmentation) {
  const absl::string_view text = records.segmentations.empty()
                                     ? absl::string_view()
                                     : records.segmentations[i];
  if (text.empty() && records.boxes.empty()) {
    return absl::InvalidArgumentError("neither mask nor box");
  }
  if (text.empty()) {
    const XywhBox& box = records.boxes[i];
    const double left = box.x, right = box.x + box.width;
    const double top = box.y, bottom = box.y + box.height;
    return PolygonToRle({left, top, left, bottom, right, bottom, right, top},
                        height, width);
  }
  RETURN_IF_ERROR(data::ParseSegmentation(text, segmentation));
  if (height < 0 && segmentation.kind != data::Segmentation::Kind::kCounts) {
    return absl::InvalidArgumentError("expected compressed counts");
  }
  return data::SegmentationToRle(segmentation, height, width);
}

}  // namespace

absl::StatusOr<std::vector<Rle>> MasksOf(const RecordColumns& records,
                                         absl::Span<const int64_t> sizes) {
  constexpr int64_t kGrain = 64;
  const size_t n = records.size;
  if (sizes.size() != 2 * n) {
    return absl::InvalidArgumentError("sizes: expected two of each record");
  }
  std::vector<Rle> masks(n);
  std::mutex mutex;
  absl::Status error;
  ParallelFor(static_cast<int64_t>(n), kGrain, [&](int64_t begin, int64_t end) {
    data::Segmentation segmentation;
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end);
         ++i) {
      absl::StatusOr<Rle> mask =
          MaskOf(records, i, sizes[2 * i], sizes[2 * i + 1], segmentation);
      if (mask.ok()) {
        masks[i] = *std::move(mask);
        continue;
      }
      const std::lock_guard<std::mutex> lock(mutex);
      error = mask.status();
      return;
    }
  });
  RETURN_IF_ERROR(error);
  return masks;
}

absl::StatusOr<Keypoints> KeypointsOf(const RecordColumns& records) {
  Keypoints all;
  all.ends.assign(records.size, 0);
  for (size_t i = 0; i < records.keypoints.size(); ++i) {
    if (!records.keypoints[i].empty()) {
      data::JsonScanner json(records.keypoints[i]);
      const size_t begin = all.numbers.size();
      const bool read = json.ReadNumbers(all.numbers) && json.ReadEnd();
      if (!read || (all.numbers.size() - begin) % 3 != 0) {
        return absl::InvalidArgumentError(absl::StrCat(
            "record ", i, ": keypoints: expected a list of x, y, v, ...",
            read ? "" : ": ", read ? "" : json.status().message()));
      }
    }
    all.ends[i] = static_cast<int64_t>(all.numbers.size());
  }
  return all;
}

}  // namespace fcis::eval
