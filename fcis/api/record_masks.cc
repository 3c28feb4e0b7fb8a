// The masks and keypoints of RecordColumns.
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/api/record_columns.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle_polygon.h"
#include "fcis/data/coco/segmentation.h"
#include "fcis/data/json/json_scanner.h"

namespace fcis::api {

absl::StatusOr<Rle> MaskOf(const RecordColumns& records, size_t i,
                           int64_t height, int64_t width) {
  const absl::string_view text = records.segmentations.empty()
                                     ? absl::string_view()
                                     : records.segmentations[i];
  if (text.empty() && records.boxes.empty()) {
    return absl::InvalidArgumentError("neither mask nor box");
  }
  if (text.empty()) return BoxToRle(records.boxes[i], height, width);
  // Its memory serves all masks of a thread, which then lie side by side.
  static thread_local data::Segmentation segmentation;
  RETURN_IF_ERROR(data::ParseSegmentation(text, segmentation));
  if (height < 0 && segmentation.kind != data::Segmentation::Kind::kCounts) {
    return absl::InvalidArgumentError("expected compressed counts");
  }
  return data::SegmentationToRle(segmentation, height, width);
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

}  // namespace fcis::api
