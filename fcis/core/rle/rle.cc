#include "fcis/core/rle/rle.h"

#include <algorithm>
#include <cstring>
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

// Runs of foreground that are not empty: their first and last pixels.
struct RunEnds {
  static constexpr int kMost = 128;
  int size = 0;
  uint32_t first[kMost], last[kMost];
};

FCIS_MULTIVERSION void AddRuns(const RunEnds& runs, uint32_t height,
                               Extent& extent) {
  // Half a pixel farther no quotient is near to an integer, so that rounding
  // does not matter.
  const double columns_per_pixel = 1 / static_cast<double>(height);
  constexpr uint32_t kSign = 0x80000000u;
  constexpr double kHalfway = 2147483648.5;
  const auto column_of = [&](uint32_t pixel) {
    // No vector instruction but those of AVX-512 converts unsigned numbers.
    const auto number = static_cast<double>(static_cast<int>(pixel ^ kSign));
    return static_cast<uint32_t>(
        static_cast<int>((number + kHalfway) * columns_per_pixel));
  };
  Extent all = extent;
  for (int i = 0; i < runs.size; ++i) {
    const uint32_t x_first = column_of(runs.first[i]);
    const uint32_t x_last = column_of(runs.last[i]);
    // All bits, where a run goes on in the next column.
    const uint32_t across = x_first != x_last ? ~0u : 0;
    const uint32_t y_first = (runs.first[i] - x_first * height) & ~across;
    const uint32_t y_last =
        std::max(runs.last[i] - x_last * height, (height - 1) & across);
    all.x_min = std::min(all.x_min, x_first);
    all.x_max = std::max(all.x_max, x_last);
    all.y_min = std::min(all.y_min, y_first);
    all.y_max = std::max(all.y_max, y_last);
  }
  extent = all;
}

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

FCIS_MULTIVERSION RunSums SumRuns(absl::Span<const uint32_t> counts) {
  // Background in the lower half and foreground in the upper one: neither sum
  // is above the number of pixels, below 2^32.
  uint64_t sum = 0;
  for (size_t i = 0; i < counts.size() / 2; ++i) {
    uint64_t pair;
    std::memcpy(&pair, counts.data() + 2 * i, sizeof pair);
    sum += pair;
  }
  uint32_t least = 1;
  for (size_t i = 1; i < counts.size(); ++i) least = std::min(least, counts[i]);
  const auto background = static_cast<uint32_t>(sum);
  const auto foreground = static_cast<uint32_t>(sum >> 32);
  return {foreground, background + foreground, least == 0};
}

uint32_t RleArea(const Rle& rle) { return SumRuns(rle.counts).area; }
bool HasEmptyRun(const Rle& rle) { return SumRuns(rle.counts).has_empty; }

XywhBox RleToBbox(const Rle& rle) {
  if (rle.counts.size() < 2) return {};
  const auto height = static_cast<uint32_t>(rle.height);
  Extent extent{static_cast<uint32_t>(rle.width), height};
  RunEnds runs;
  uint32_t next = 0;
  for (size_t i = 1; i < rle.counts.size(); i += 2) {
    next += rle.counts[i - 1];
    runs.first[runs.size] = next;
    next += rle.counts[i];
    runs.last[runs.size] = next - 1;
    if (rle.counts[i] > 0) ++runs.size;
    if (runs.size < RunEnds::kMost) continue;
    AddRuns(runs, height, extent);
    runs.size = 0;
  }
  AddRuns(runs, height, extent);
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
