#include "fcis/core/rle/rle.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/run_pair.h"

namespace fcis {
namespace {

// The columns and rows that foreground runs touch. Unsigned, so that a mask
// without any wraps around as it does in pycocotools.
struct Extent {
  uint32_t x_min, y_min;
  uint32_t x_max = 0, y_max = 0;
};

void AddRun(uint32_t height, uint32_t x_start, uint32_t y_start, uint32_t x_end,
            uint32_t y_end, Extent& extent) {
  extent.x_min = std::min(extent.x_min, x_start);
  extent.x_max = std::max(extent.x_max, x_end);
  if (x_start < x_end) {
    extent.y_min = 0;
    extent.y_max = height - 1;
  } else {
    extent.y_min = std::min(extent.y_min, y_start);
    extent.y_max = std::max(extent.y_max, y_end);
  }
}

// A pixel, moved along the runs. Most runs are shorter than a column, so a
// division is rare.
struct Cursor {
  uint32_t height;
  uint32_t x = 0;
  uint32_t y = 0;

  void Advance(uint32_t pixels) {
    y += pixels;
    if (y < height) return;
    if (y - height < height) {
      y -= height;
      ++x;
    } else {
      x += y / height;
      y %= height;
    }
  }
};

std::vector<uint32_t> MergeCounts(absl::Span<const uint32_t> a,
                                  absl::Span<const uint32_t> b,
                                  MergeMode mode) {
  std::vector<uint32_t> merged;
  merged.reserve(a.size() + b.size() + 1);
  RunPair runs(a, b);
  bool value = false;
  uint32_t length = 0;
  for (bool more = true; more;) {
    length += runs.Step();
    more = runs.more();
    const bool next = mode == MergeMode::kIntersection
                          ? runs.in_a() && runs.in_b()
                          : runs.in_a() || runs.in_b();
    if (next != value || !more) {
      merged.push_back(length);
      length = 0;
    }
    value = next;
  }
  return merged;
}

}  // namespace

absl::Status CheckMaskSize(int64_t height, int64_t width) {
  constexpr int64_t kMaxSide = std::numeric_limits<int>::max();
  if (height < 0 || width < 0 || height > kMaxSide || width > kMaxSide) {
    return absl::InvalidArgumentError(
        absl::StrCat("mask size [", height, ", ", width,
                     "]: expected height and width in [0, 2^31)"));
  }
  // Both are below 2^31: the product cannot overflow.
  if (height * width > std::numeric_limits<uint32_t>::max()) {
    return absl::InvalidArgumentError(
        absl::StrCat("mask size [", height, ", ", width,
                     "]: expected fewer than 2^32 pixels"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Rle> MakeRle(int64_t height, int64_t width,
                            std::vector<uint32_t> counts) {
  RETURN_IF_ERROR(CheckMaskSize(height, width));
  const uint64_t pixels = static_cast<uint64_t>(height * width);
  uint64_t covered = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    covered += counts[i];
    if (covered > pixels) {
      return absl::InvalidArgumentError(absl::StrCat(
          "corrupt RLE: runs 0 to ", i, " cover ", covered,
          " pixels, expected at most ", height, " x ", width, " = ", pixels));
    }
  }
  return Rle{static_cast<int>(height), static_cast<int>(width),
             std::move(counts)};
}

FCIS_MULTIVERSION uint32_t RleArea(const Rle& rle) {
  uint32_t area = 0;
  for (size_t i = 0; i < rle.counts.size() / 2; ++i) {
    area += rle.counts[2 * i + 1];
  }
  return area;
}

FCIS_MULTIVERSION bool HasEmptyRun(const Rle& rle) {
  uint32_t empty = 0;
  for (size_t i = 1; i < rle.counts.size(); ++i) empty |= rle.counts[i] == 0;
  return empty != 0;
}

XywhBox RleToBbox(const Rle& rle) {
  if (rle.counts.size() < 2) return {};
  const uint32_t height = static_cast<uint32_t>(rle.height);
  Extent extent{static_cast<uint32_t>(rle.width), height};
  Cursor cursor{height};
  for (size_t i = 1; i < rle.counts.size(); i += 2) {
    if (rle.counts[i - 1] > 0) cursor.Advance(rle.counts[i - 1]);
    if (rle.counts[i] == 0) continue;
    const Cursor start = cursor;
    cursor.Advance(rle.counts[i] - 1);
    AddRun(height, start.x, start.y, cursor.x, cursor.y, extent);
    cursor.Advance(1);
  }
  return {static_cast<double>(extent.x_min), static_cast<double>(extent.y_min),
          static_cast<double>(extent.x_max - extent.x_min + 1),
          static_cast<double>(extent.y_max - extent.y_min + 1)};
}

Rle MergeRles(absl::Span<const Rle> rles, MergeMode mode) {
  if (rles.empty()) return {};
  Rle merged = rles[0];
  for (const Rle& rle : rles.subspan(1)) {
    if (rle.height != merged.height || rle.width != merged.width) return {};
    merged.counts = MergeCounts(merged.counts, rle.counts, mode);
  }
  return merged;
}

}  // namespace fcis
