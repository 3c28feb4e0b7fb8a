// The C ABI's masks.
#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/api/c_masks.h"
#include "fcis/api/c_status.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/core/rle/rle_iou.h"
#include "fcis/core/rle/rle_polygon.h"
#include "fcis/core/rle/rle_string.h"
#include "fcis/fcis.h"

namespace {

using fcis::Rle, fcis::XywhBox, fcis::api::CheckGiven;

constexpr int64_t kGrain = 16, kMaxMasks = int64_t{1} << 31;

absl::Status CheckCount(int64_t n) {
  if (n >= 0 && n < kMaxMasks) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(n, " masks, expected 0 to 2^31 - 1"));
}

// Ends that never decrease, from 0 on.
absl::Status CheckEnds(const int64_t* ends, int64_t n, const char* name) {
  if (n == 0) return absl::OkStatus();
  RETURN_IF_ERROR(CheckGiven(ends, name));
  int64_t last = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (ends[i] < last) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, "[", i, "]: ", ends[i], ", expected at least ", last));
    }
    last = ends[i];
  }
  return absl::OkStatus();
}

int64_t BeginOf(const int64_t* ends, int64_t i) {
  return i == 0 ? 0 : ends[i - 1];
}

// Calls make(i) for each of n, several at once; the error of the first that has
// one, with its number.
absl::Status ForEach(int64_t n,
                     absl::FunctionRef<absl::Status(int64_t i)> make) {
  std::mutex mutex;
  int64_t first = n;
  absl::Status error;
  fcis::ParallelFor(n, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const absl::Status status = make(i);
      if (status.ok()) continue;
      const std::lock_guard<std::mutex> lock(mutex);
      if (i >= first) return;
      first = i;
      error = status;
      return;
    }
  });
  if (error.ok()) return error;
  return {error.code(), absl::StrCat("mask ", first, ": ", error.message())};
}

// A list of n masks, each made by make(i).
absl::Status MakeMasks(int64_t n, fcis_masks** masks,
                       absl::FunctionRef<absl::StatusOr<Rle>(int64_t i)> make) {
  RETURN_IF_ERROR(CheckGiven(masks, "masks"));
  *masks = nullptr;
  auto made = std::make_unique<fcis_masks>();
  made->rles.resize(static_cast<size_t>(n));
  RETURN_IF_ERROR(ForEach(n, [&](int64_t i) -> absl::Status {
    ASSIGN_OR_RETURN(made->rles[static_cast<size_t>(i)], make(i));
    return absl::OkStatus();
  }));
  *masks = made.release();
  return absl::OkStatus();
}

// pycocotools begins a run wherever a byte differs from the one before it: with
// bytes above 1 not what is background and what is not, but where it changes.
Rle EncodePixels(const uint8_t* pixels, int64_t height, int64_t width) {
  const auto h = static_cast<int>(height), w = static_cast<int>(width);
  const uint8_t* const end = pixels + height * width;
  if (std::none_of(pixels, end, [](uint8_t pixel) { return pixel > 1; })) {
    return fcis::EncodeColumnMajor(pixels, h, w);
  }
  std::vector<uint8_t> inside;
  inside.reserve(static_cast<size_t>(height * width));
  uint8_t last = 0, in = 0;
  for (const uint8_t* pixel = pixels; pixel < end; ++pixel) {
    in ^= static_cast<uint8_t>(*pixel != last);
    last = *pixel;
    inside.push_back(in);
  }
  return fcis::EncodeColumnMajor(inside.data(), h, w);
}

// The union of the polygons from `part` to `part_end`.
absl::StatusOr<Rle> DrawParts(int64_t part, int64_t part_end,
                              const int64_t* number_ends, const double* xy,
                              int64_t height, int64_t width) {
  std::vector<Rle> parts;
  for (; part < part_end; ++part) {
    const int64_t begin = BeginOf(number_ends, part);
    ASSIGN_OR_RETURN(
        Rle rle,
        fcis::PolygonToRle(
            absl::MakeConstSpan(xy + begin,
                                static_cast<size_t>(number_ends[part] - begin)),
            height, width));
    parts.push_back(std::move(rle));
  }
  if (parts.size() == 1) return std::move(parts[0]);
  return fcis::MergeRles(parts, fcis::MergeMode::kUnion);
}

absl::Status CheckIou(const void* detections, const void* objects, int64_t m,
                      int64_t n, const uint8_t* crowd, const double* ious) {
  RETURN_IF_ERROR(CheckCount(m));
  RETURN_IF_ERROR(CheckCount(n));
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

XywhBox BoxAt(const double* boxes, int64_t i) {
  const double* const box = boxes + 4 * i;
  return {box[0], box[1], box[2], box[3]};
}

}  // namespace

extern "C" {

int fcis_masks_encode(const uint8_t* pixels, int64_t height, int64_t width,
                      int64_t n, fcis_masks** masks, char* error,
                      size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckCount(n));
    RETURN_IF_ERROR(fcis::CheckMaskSize(height, width));
    if (n > 0 && height * width > 0) {
      RETURN_IF_ERROR(CheckGiven(pixels, "pixels"));
    }
    return MakeMasks(n, masks, [&](int64_t i) -> absl::StatusOr<Rle> {
      return EncodePixels(pixels + i * height * width, height, width);
    });
  });
}

int fcis_masks_from_strings(int64_t n, const int64_t* sizes, const char* text,
                            const int64_t* ends, fcis_masks** masks,
                            char* error, size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckCount(n));
    RETURN_IF_ERROR(CheckEnds(ends, n, "ends"));
    if (n > 0) RETURN_IF_ERROR(CheckGiven(sizes, "sizes"));
    if (n > 0 && ends[n - 1] > 0) RETURN_IF_ERROR(CheckGiven(text, "text"));
    return MakeMasks(n, masks, [&](int64_t i) {
      const int64_t begin = BeginOf(ends, i);
      return fcis::ParseRleCounts(
          sizes[2 * i], sizes[2 * i + 1],
          absl::string_view(text + begin,
                            static_cast<size_t>(ends[i] - begin)));
    });
  });
}

int fcis_masks_from_texts(int64_t n, const int64_t* sizes,
                          const char* const* texts, const int64_t* lengths,
                          fcis_masks** masks, char* error,
                          size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckCount(n));
    if (n > 0) RETURN_IF_ERROR(CheckGiven(sizes, "sizes"));
    if (n > 0) RETURN_IF_ERROR(CheckGiven(texts, "texts"));
    if (n > 0) RETURN_IF_ERROR(CheckGiven(lengths, "lengths"));
    return MakeMasks(n, masks, [&](int64_t i) -> absl::StatusOr<Rle> {
      if (lengths[i] < 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("length ", lengths[i], ", expected at least 0"));
      }
      if (lengths[i] > 0) RETURN_IF_ERROR(CheckGiven(texts[i], "the text"));
      return fcis::ParseRleCounts(
          sizes[2 * i], sizes[2 * i + 1],
          absl::string_view(texts[i], static_cast<size_t>(lengths[i])));
    });
  });
}

int fcis_masks_from_counts(int64_t n, const int64_t* sizes,
                           const uint32_t* counts, const int64_t* ends,
                           fcis_masks** masks, char* error,
                           size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckCount(n));
    RETURN_IF_ERROR(CheckEnds(ends, n, "ends"));
    if (n > 0) RETURN_IF_ERROR(CheckGiven(sizes, "sizes"));
    if (n > 0 && ends[n - 1] > 0) RETURN_IF_ERROR(CheckGiven(counts, "counts"));
    return MakeMasks(n, masks, [&](int64_t i) {
      return fcis::MakeRle(
          sizes[2 * i], sizes[2 * i + 1],
          std::vector<uint32_t>(counts + BeginOf(ends, i), counts + ends[i]));
    });
  });
}

int fcis_masks_from_polygons(int64_t n, const int64_t* sizes,
                             const int64_t* part_ends,
                             const int64_t* number_ends, const double* xy,
                             fcis_masks** masks, char* error,
                             size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckCount(n));
    RETURN_IF_ERROR(CheckEnds(part_ends, n, "part_ends"));
    const int64_t parts = n == 0 ? 0 : part_ends[n - 1];
    RETURN_IF_ERROR(CheckEnds(number_ends, parts, "number_ends"));
    if (n > 0) RETURN_IF_ERROR(CheckGiven(sizes, "sizes"));
    if (parts > 0 && number_ends[parts - 1] > 0) {
      RETURN_IF_ERROR(CheckGiven(xy, "xy"));
    }
    return MakeMasks(n, masks, [&](int64_t i) {
      return DrawParts(BeginOf(part_ends, i), part_ends[i], number_ends, xy,
                       sizes[2 * i], sizes[2 * i + 1]);
    });
  });
}

int fcis_masks_from_boxes(int64_t n, const double* boxes, int64_t height,
                          int64_t width, fcis_masks** masks, char* error,
                          size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckCount(n));
    if (n > 0) RETURN_IF_ERROR(CheckGiven(boxes, "boxes"));
    return MakeMasks(n, masks, [&](int64_t i) {
      return fcis::BoxToRle(BoxAt(boxes, i), height, width);
    });
  });
}

int fcis_masks_select(const fcis_masks* from, int64_t n, const int64_t* which,
                      fcis_masks** masks, char* error,
                      size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(from, "from"));
    RETURN_IF_ERROR(CheckCount(n));
    if (n > 0) RETURN_IF_ERROR(CheckGiven(which, "which"));
    const int64_t count = fcis_masks_count(from);
    return MakeMasks(n, masks, [&](int64_t i) -> absl::StatusOr<Rle> {
      if (which[i] >= 0 && which[i] < count) {
        return from->rles[static_cast<size_t>(which[i])];
      }
      return absl::InvalidArgumentError(
          absl::StrCat("number ", which[i], ", expected one of ", count));
    });
  });
}

int fcis_masks_merge(const fcis_masks* from, int intersect, fcis_masks** masks,
                     char* error, size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(from, "from"));
    return MakeMasks(1, masks, [&](int64_t) -> absl::StatusOr<Rle> {
      return fcis::MergeRles(from->rles, intersect != 0
                                             ? fcis::MergeMode::kIntersection
                                             : fcis::MergeMode::kUnion);
    });
  });
}

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
    return ForEach(n, [&](int64_t i) -> absl::Status {
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
    fcis::ParallelFor(n, 1, [&](int64_t begin, int64_t end) {
      for (int64_t g = begin; g < end; ++g) {
        const Rle& object = objects->rles[static_cast<size_t>(g)];
        const XywhBox box = fcis::RleToBbox(object);
        for (size_t d = 0; d < boxes.size(); ++d) {
          ious[g * m + static_cast<int64_t>(d)] = fcis::MaskIou(
              detections->rles[d], boxes[d], object, box, crowd[g] != 0);
        }
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
