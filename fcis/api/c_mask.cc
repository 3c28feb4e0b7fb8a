// The C ABI's masks: what is in them, and how they overlap.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "fcis/api/c_masks.h"
#include "fcis/api/c_status.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/core/rle/rle_iou.h"
#include "fcis/core/rle/rle_string.h"
#include "fcis/fcis.h"

namespace {

using fcis::Rle, fcis::XywhBox, fcis::api::BoxAt, fcis::api::CheckGiven;
using fcis::api::CheckMaskCount;

absl::Status CheckIou(const void* detections, const void* objects, int64_t m,
                      int64_t n, const uint8_t* crowd, const double* ious) {
  RETURN_IF_ERROR(CheckMaskCount(m));
  RETURN_IF_ERROR(CheckMaskCount(n));
  if (m == 0 || n == 0) return absl::OkStatus();
  RETURN_IF_ERROR(CheckGiven(detections, "detections"));
  RETURN_IF_ERROR(CheckGiven(objects, "objects"));
  RETURN_IF_ERROR(CheckGiven(crowd, "crowd"));
  return CheckGiven(ious, "ious");
}

std::vector<XywhBox> BoxesOf(const std::vector<Rle>& rles) {
  std::vector<XywhBox> boxes(rles.size());
  std::transform(rles.begin(), rles.end(), boxes.begin(), fcis::RleToBbox);
  return boxes;
}

}  // namespace

extern "C" {

int64_t fcis_masks_count(const fcis_masks* masks) noexcept {
  return masks == nullptr ? 0 : static_cast<int64_t>(masks->rles.size());
}

int fcis_masks_sizes(const fcis_masks* masks, int64_t* sizes, char* error,
                     size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(masks, "masks"));
    if (masks->rles.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(CheckGiven(sizes, "sizes"));
    for (const Rle& rle : masks->rles) {
      *sizes++ = rle.height;
      *sizes++ = rle.width;
    }
    return absl::OkStatus();
  });
}

int fcis_masks_strings(const fcis_masks* masks, int64_t* ends, char* text,
                       size_t capacity, size_t* needed, char* error,
                       size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(masks, "masks"));
    if (!masks->rles.empty()) RETURN_IF_ERROR(CheckGiven(ends, "ends"));
    std::string all;
    for (const Rle& rle : masks->rles) {
      all += fcis::RleCountsToString(rle.counts);
      *ends++ = static_cast<int64_t>(all.size());
    }
    return fcis::api::CopyOut(absl::MakeConstSpan(all.data(), all.size()), text,
                              capacity, needed);
  });
}

int fcis_masks_decode(const fcis_masks* masks, uint8_t* pixels,
                      int64_t pixels_size, char* error,
                      size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(masks, "masks"));
    const std::vector<Rle>& rles = masks->rles;
    if (rles.empty()) return absl::OkStatus();
    const int64_t each = int64_t{rles[0].height} * rles[0].width;
    const auto n = static_cast<int64_t>(rles.size());
    if (pixels_size < 0 || pixels_size / n != each || pixels_size % n != 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "pixels_size: ", pixels_size, ", expected ", n, " times ", each));
    }
    if (each > 0) RETURN_IF_ERROR(CheckGiven(pixels, "pixels"));
    return fcis::api::ForEachMask(n, each, [&](int64_t i) -> absl::Status {
      const Rle& rle = rles[static_cast<size_t>(i)];
      if (rle.height != rles[0].height || rle.width != rles[0].width) {
        return absl::InvalidArgumentError(absl::StrCat(
            rle.height, " x ", rle.width, " pixels, expected ", rles[0].height,
            " x ", rles[0].width, " as of mask 0"));
      }
      return fcis::DecodeColumnMajor(
          rle, absl::MakeSpan(pixels + i * each, static_cast<size_t>(each)));
    });
  });
}

int fcis_masks_areas(const fcis_masks* masks, uint32_t* areas, char* error,
                     size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(masks, "masks"));
    if (masks->rles.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(CheckGiven(areas, "areas"));
    for (const Rle& rle : masks->rles) *areas++ = fcis::RleArea(rle);
    return absl::OkStatus();
  });
}

int fcis_masks_boxes(const fcis_masks* masks, double* boxes, char* error,
                     size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(masks, "masks"));
    if (masks->rles.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(CheckGiven(boxes, "boxes"));
    for (const Rle& rle : masks->rles) {
      const XywhBox box = fcis::RleToBbox(rle);
      for (const double value : {box.x, box.y, box.width, box.height}) {
        *boxes++ = value;
      }
    }
    return absl::OkStatus();
  });
}

int fcis_masks_iou(const fcis_masks* detections, const fcis_masks* objects,
                   const uint8_t* crowd, double* ious, char* error,
                   size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    const int64_t m = fcis_masks_count(detections);
    const int64_t n = fcis_masks_count(objects);
    RETURN_IF_ERROR(CheckIou(detections, objects, m, n, crowd, ious));
    if (m == 0 || n == 0) return absl::OkStatus();
    const std::vector<XywhBox> boxes = BoxesOf(detections->rles);
    constexpr int64_t kPairs = 512;  // are worth another thread
    fcis::ParallelForEach(n, std::max<int64_t>(1, kPairs / m), [&](int64_t g) {
      const Rle& object = objects->rles[static_cast<size_t>(g)];
      const XywhBox box = fcis::RleToBbox(object);
      for (size_t d = 0; d < boxes.size(); ++d) {
        ious[g * m + static_cast<int64_t>(d)] = fcis::MaskIou(
            detections->rles[d], boxes[d], object, box, crowd[g] != 0);
      }
    });
    return absl::OkStatus();
  });
}

int fcis_boxes_iou(int64_t m, const double* detections, int64_t n,
                   const double* objects, const uint8_t* crowd, double* ious,
                   char* error, size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckIou(detections, objects, m, n, crowd, ious));
    for (int64_t g = 0; g < n; ++g) {
      for (int64_t d = 0; d < m; ++d) {
        ious[g * m + d] = fcis::BoxIou(BoxAt(detections, d), BoxAt(objects, g),
                                       crowd[g] != 0);
      }
    }
    return absl::OkStatus();
  });
}

void fcis_masks_free(fcis_masks* masks) noexcept { delete masks; }

}  // extern "C"
