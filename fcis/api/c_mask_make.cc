// The C ABI's masks, as they are made; c_mask.cc tells what is in them.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/api/c_masks.h"
#include "fcis/api/c_status.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/core/rle/rle_polygon.h"
#include "fcis/core/rle/rle_string.h"
#include "fcis/fcis.h"

namespace {

using fcis::Rle, fcis::api::BoxAt, fcis::api::CheckArray;
using fcis::api::CheckGiven, fcis::api::CheckMaskCount, fcis::api::MakeMasks;

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

}  // namespace

extern "C" {

int fcis_masks_encode(const uint8_t* pixels, int64_t height, int64_t width,
                      int64_t n, fcis_masks** masks, char* error,
                      size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckMaskCount(n));
    RETURN_IF_ERROR(fcis::CheckMaskSize(height, width));
    if (n > 0 && height * width > 0) {
      RETURN_IF_ERROR(CheckGiven(pixels, "pixels"));
    }
    const int64_t each = height * width;
    return MakeMasks(
        n, masks,
        [&](int64_t i) -> absl::StatusOr<Rle> {
          return EncodePixels(pixels + i * each, height, width);
        },
        each);
  });
}

int fcis_masks_from_strings(int64_t n, const int64_t* sizes, const char* text,
                            const int64_t* ends, fcis_masks** masks,
                            char* error, size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckArray(sizes, n, "sizes"));
    RETURN_IF_ERROR(CheckEnds(ends, n, "ends"));
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
    RETURN_IF_ERROR(CheckArray(sizes, n, "sizes"));
    RETURN_IF_ERROR(CheckArray(texts, n, "texts"));
    RETURN_IF_ERROR(CheckArray(lengths, n, "lengths"));
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
    RETURN_IF_ERROR(CheckArray(sizes, n, "sizes"));
    RETURN_IF_ERROR(CheckEnds(ends, n, "ends"));
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
    RETURN_IF_ERROR(CheckArray(sizes, n, "sizes"));
    RETURN_IF_ERROR(CheckEnds(part_ends, n, "part_ends"));
    const int64_t parts = n == 0 ? 0 : part_ends[n - 1];
    RETURN_IF_ERROR(CheckEnds(number_ends, parts, "number_ends"));
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
    RETURN_IF_ERROR(CheckArray(boxes, n, "boxes"));
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
    RETURN_IF_ERROR(CheckArray(which, n, "which"));
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

}  // extern "C"
