#include "fcis/core/rle/rle_bitmap.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "absl/numeric/bits.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle_runs.h"

namespace fcis {
namespace {

// Pixels are read eight at a time; byte k of a word is pixel k.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "little endian");
constexpr int64_t kLanes = 8;
constexpr uint64_t kTopBits = 0x8080808080808080u;

// The top bit of each byte: whether it is foreground. n >= 1 pixels are left;
// of fewer than eight the rest is background.
uint64_t LoadForeground(const uint8_t* mask, int64_t n) {
  uint64_t bytes = 0;
  if (n >= kLanes) {
    std::memcpy(&bytes, mask, kLanes);
  } else {
    std::memcpy(&bytes, mask, static_cast<size_t>(n));
  }
  return (bytes | ((bytes & ~kTopBits) + ~kTopBits)) & kTopBits;
}

// Calls found(k) for each set top bit, k = index of its byte, ascending.
template <typename Found>
void ForEachLane(uint64_t top_bits, Found found) {
  for (; top_bits != 0; top_bits &= top_bits - 1) {
    found(absl::countr_zero(top_bits) / 8);
  }
}

// Where a column of a patch changes, seen from row -1 to the row behind the
// last, both background.
struct Change {
  int row, column;
};

// All changes, row by row.
std::vector<Change> FindChanges(const uint8_t* mask, int64_t stride, int rows,
                                int columns) {
  std::vector<Change> changes;
  std::vector<uint64_t> lanes((columns + kLanes - 1) / kLanes);  // of a row
  const auto compare = [&](int row, int64_t column, uint64_t here) {
    uint64_t& above = lanes[static_cast<size_t>(column / kLanes)];
    ForEachLane(here ^ above, [&](int k) {
      changes.push_back({row, static_cast<int>(column + k)});
    });
    above = here;
  };
  for (int row = 0; row < rows; ++row) {
    const uint8_t* pixels = mask + row * stride;
    for (int64_t column = 0; column < columns; column += kLanes) {
      compare(row, column, LoadForeground(pixels + column, columns - column));
    }
  }
  for (int64_t column = 0; column < columns; column += kLanes) {
    compare(rows, column, 0);
  }
  return changes;
}

// The rows of the changes, column by column, each ascending.
std::vector<int> SortByColumn(const std::vector<Change>& changes, int columns,
                              std::vector<int64_t>& column_begin) {
  column_begin.assign(columns + 1, 0);
  for (const Change& change : changes) ++column_begin[change.column + 1];
  std::partial_sum(column_begin.begin(), column_begin.end(),
                   column_begin.begin());
  std::vector<int64_t> next(column_begin.begin(), column_begin.end() - 1);
  std::vector<int> rows(changes.size());
  for (const Change& change : changes) rows[next[change.column]++] = change.row;
  return rows;
}

Rle EmptyRle(int height, int width) {
  const absl::Status size = CheckMaskSize(height, width);
  ABSL_RAW_CHECK(size.ok(), "mask size");
  Rle rle;
  rle.height = height;
  rle.width = width;
  return rle;
}

uint32_t NumPixels(const Rle& rle) {
  return static_cast<uint32_t>(rle.height) * static_cast<uint32_t>(rle.width);
}

absl::Status CheckDecodable(const Rle& rle, size_t bytes) {
  RETURN_IF_ERROR(CheckMaskSize(rle.height, rle.width));
  const uint64_t pixels = NumPixels(rle);
  if (bytes != pixels) {
    return absl::InvalidArgumentError(
        absl::StrCat("mask of ", rle.height, " x ", rle.width,
                     " pixels: the buffer has ", bytes, " bytes"));
  }
  uint64_t covered = 0;
  for (const uint32_t count : rle.counts) covered += count;
  if (covered > pixels) {
    return absl::InvalidArgumentError(absl::StrCat(
        "corrupt RLE: runs cover ", covered, " pixels, expected at most ",
        rle.height, " x ", rle.width, " = ", pixels));
  }
  return absl::OkStatus();
}

// Flips the pixels of a row-major mask at which a column changes its value on
// the way down.
void FlipAtChanges(const Rle& rle, uint8_t* mask) {
  const auto height = static_cast<uint32_t>(rle.height);
  const auto width = static_cast<size_t>(rle.width);
  ForEachColumnRun(rle, [&](uint32_t x, uint32_t y0, uint32_t y1) {
    mask[y0 * width + x] ^= 1;
    if (y1 < height) mask[y1 * width + x] ^= 1;
  });
}

}  // namespace

Rle EncodeColumnMajor(const uint8_t* mask, int height, int width) {
  Rle rle = EmptyRle(height, width);
  const int64_t pixels = NumPixels(rle);
  RunWriter writer(rle.counts);
  uint64_t last = 0;  // top bit of the pixel before, in lane 0
  int64_t begin = -1;
  for (int64_t i = 0; i < pixels; i += kLanes) {
    const uint64_t here = LoadForeground(mask + i, pixels - i);
    ForEachLane(here ^ (here << 8 | last), [&](int k) {
      // Behind the last pixel the bytes are background, and end a run there.
      if (begin < 0) {
        begin = i + k;
      } else {
        writer.Add(static_cast<uint32_t>(begin), static_cast<uint32_t>(i + k));
        begin = -1;
      }
    });
    last = here >> 56;
  }
  if (begin >= 0) {
    writer.Add(static_cast<uint32_t>(begin), static_cast<uint32_t>(pixels));
  }
  writer.Finish(static_cast<uint32_t>(pixels));
  return rle;
}

Rle EncodeRowMajor(const uint8_t* mask, int height, int width) {
  return EncodePatch({mask, height, width, 0, 0}, height, width);
}

Rle EncodePatch(const MaskPatch& patch, int height, int width) {
  Rle rle = EmptyRle(height, width);
  const int64_t y0 = std::max(patch.y, 0), x0 = std::max(patch.x, 0);
  const int64_t rows =
      std::min<int64_t>(int64_t{patch.y} + patch.rows, height) - y0;
  const int64_t columns =
      std::min<int64_t>(int64_t{patch.x} + patch.columns, width) - x0;
  RunWriter writer(rle.counts);
  if (rows > 0 && columns > 0) {
    const uint8_t* first =
        patch.mask + (y0 - patch.y) * patch.columns + (x0 - patch.x);
    std::vector<int64_t> column_begin;
    const std::vector<int> changes =
        SortByColumn(FindChanges(first, patch.columns, static_cast<int>(rows),
                                 static_cast<int>(columns)),
                     static_cast<int>(columns), column_begin);
    for (int64_t column = 0; column < columns; ++column) {
      const int64_t top = (x0 + column) * height + y0;
      for (int64_t i = column_begin[column]; i < column_begin[column + 1];
           i += 2) {
        writer.Add(static_cast<uint32_t>(top + changes[i]),
                   static_cast<uint32_t>(top + changes[i + 1]));
      }
    }
  }
  writer.Finish(NumPixels(rle));
  return rle;
}

absl::Status DecodeColumnMajor(const Rle& rle, absl::Span<uint8_t> mask) {
  RETURN_IF_ERROR(CheckDecodable(rle, mask.size()));
  std::fill(mask.begin(), mask.end(), 0);
  ForEachRun(rle, [&](uint32_t begin, uint32_t end) {
    std::memset(mask.data() + begin, 1, end - begin);
  });
  return absl::OkStatus();
}

absl::Status DecodeRowMajor(const Rle& rle, absl::Span<uint8_t> mask) {
  RETURN_IF_ERROR(CheckDecodable(rle, mask.size()));
  std::fill(mask.begin(), mask.end(), 0);
  FlipAtChanges(rle, mask.data());
  const size_t width = static_cast<size_t>(rle.width);
  for (size_t y = 1; y < static_cast<size_t>(rle.height); ++y) {
    uint8_t* row = mask.data() + y * width;
    for (size_t x = 0; x < width; ++x) row[x] ^= row[x - width];
  }
  return absl::OkStatus();
}

}  // namespace fcis
