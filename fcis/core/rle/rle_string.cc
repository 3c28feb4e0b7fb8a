#include "fcis/core/rle/rle_string.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle_string_fast.h"

namespace fcis {
namespace {

void AppendNumber(int64_t number, std::string& text) {
  for (bool more = true; more;) {
    unsigned group = static_cast<unsigned>(number) & kRleBits;
    number >>= 5;
    more = number != ((group & kRleSign) ? -1 : 0);
    if (more) group |= kRleMore;
    text.push_back(static_cast<char>(kRleFirstChar + group));
  }
}

absl::Status NumberError(absl::string_view text, size_t at) {
  if (at == text.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "corrupt RLE: counts end at byte ", at, " within a number"));
  }
  const unsigned char byte = static_cast<unsigned char>(text[at]);
  if (byte < kRleFirstChar || byte > (kRleFirstChar | kRleMore | kRleBits)) {
    return absl::InvalidArgumentError(
        absl::StrCat("corrupt RLE: byte ", at, " of counts is ", byte,
                     ", expected '0' (48) to 'o' (111)"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("corrupt RLE: number at byte ", at - kRleMaxGroups,
                   " of counts has more than ", kRleMaxGroups, " groups"));
}

absl::Status RunError(int height, int width, size_t run, int64_t length,
                      uint64_t covered) {
  if (length < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "corrupt RLE: run ", run, " of counts has length ", length));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("corrupt RLE: runs 0 to ", run, " cover ", covered,
                   " pixels, expected at most ", height, " x ", width, " = ",
                   static_cast<int64_t>(height) * width));
}

// One number after another, each checked; says what is wrong.
absl::Status ParsePlainly(int height, int width, absl::string_view text,
                          std::vector<uint32_t>& counts) {
  const int64_t pixels = static_cast<int64_t>(height) * width;
  // One run per byte at most; what is left over is cut off at the end.
  if (counts.size() < text.size()) counts.resize(text.size());
  const char* next = text.data();
  const char* const end = next + text.size();
  uint32_t* const first = counts.data();
  uint32_t* out = first;
  int64_t covered = 0;
  while (next != end) {
    // Nine of ten numbers have one group.
    const unsigned group = static_cast<unsigned char>(*next) - kRleFirstChar;
    int64_t number = static_cast<int64_t>(group ^ kRleSign) - kRleSign;
    if (group <= kRleBits) {
      ++next;
    } else if (!ReadRleNumber(next, end, number)) {
      return NumberError(text, static_cast<size_t>(next - text.data()));
    }
    if (out - first > 2) number += out[-2];
    covered += number;
    if (number < 0 || covered > pixels) {
      return RunError(height, width, static_cast<size_t>(out - first), number,
                      static_cast<uint64_t>(covered));
    }
    *out++ = static_cast<uint32_t>(number);
  }
  counts.resize(static_cast<size_t>(out - first));
  return absl::OkStatus();
}

}  // namespace

std::string RleCountsToString(absl::Span<const uint32_t> counts) {
  std::string text;
  text.reserve(2 * counts.size() + 8);
  for (size_t i = 0; i < counts.size(); ++i) {
    const int64_t base = i > 2 ? counts[i - 2] : 0;
    AppendNumber(counts[i] - base, text);
  }
  return text;
}

absl::Status ParseRleCounts(int height, int width, absl::string_view text,
                            std::vector<uint32_t>& counts, RunSums* sums) {
  static const RleReading best =
      CanRead(RleReading::kAvx512) ? RleReading::kAvx512
      : CanRead(RleReading::kAvx2) ? RleReading::kAvx2
                                   : RleReading::kPlain;
  return ParseRleCounts(best, height, width, text, counts, sums);
}

bool CanRead(RleReading way) {
  return way == RleReading::kPlain || CpuHasRleReading(way);
}

absl::Status ParseRleCounts(RleReading way, int height, int width,
                            absl::string_view text,
                            std::vector<uint32_t>& counts, RunSums* sums) {
  if (way != RleReading::kPlain &&
      ParseRleCountsFast(way, static_cast<int64_t>(height) * width, text,
                         counts, sums)) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(ParsePlainly(height, width, text, counts));
  *sums = SumRuns(counts);
  return absl::OkStatus();
}

absl::StatusOr<Rle> ParseRleCounts(int64_t height, int64_t width,
                                   absl::string_view counts) {
  RETURN_IF_ERROR(CheckMaskSize(height, width));
  Rle rle;
  rle.height = static_cast<int>(height);
  rle.width = static_cast<int>(width);
  RunSums sums;
  RETURN_IF_ERROR(
      ParseRleCounts(rle.height, rle.width, counts, rle.counts, &sums));
  return rle;
}

}  // namespace fcis
