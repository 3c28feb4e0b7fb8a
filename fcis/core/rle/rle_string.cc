#include "fcis/core/rle/rle_string.h"

#include <cstring>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"

namespace fcis {
namespace {

constexpr unsigned kFirstChar = '0';
constexpr unsigned kMore = 0x20;  // another group follows
constexpr unsigned kSign = 0x10;
constexpr unsigned kBits = 0x1f;
// Differences of runs need 33 bits and a sign.
constexpr int kMaxGroups = 7;

void AppendNumber(int64_t number, std::string& text) {
  for (bool more = true; more;) {
    unsigned group = static_cast<unsigned>(number) & kBits;
    number >>= 5;
    more = number != ((group & kSign) ? -1 : 0);
    if (more) group |= kMore;
    text.push_back(static_cast<char>(kFirstChar + group));
  }
}

// The number of up to seven groups at `next`, which moves behind it; false when
// it is malformed, `next` then stands at the byte at fault.
bool ReadNumber(const char*& next, const char* end, int64_t& number) {
  int64_t bits = 0;
  for (int shift = 0; shift < 5 * kMaxGroups; shift += 5) {
    if (next == end) return false;
    const unsigned group = static_cast<unsigned char>(*next) - kFirstChar;
    if (group > (kMore | kBits)) return false;
    ++next;
    bits |= static_cast<int64_t>(group & kBits) << shift;
    if (group & kMore) continue;
    if (group & kSign) bits -= int64_t{1} << (shift + 5);
    number = bits;
    return true;
  }
  return false;
}

absl::Status NumberError(absl::string_view text, size_t at) {
  if (at == text.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "corrupt RLE: counts end at byte ", at, " within a number"));
  }
  const unsigned char byte = static_cast<unsigned char>(text[at]);
  if (byte < kFirstChar || byte > (kFirstChar | kMore | kBits)) {
    return absl::InvalidArgumentError(
        absl::StrCat("corrupt RLE: byte ", at, " of counts is ", byte,
                     ", expected '0' (48) to 'o' (111)"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("corrupt RLE: number at byte ", at - kMaxGroups,
                   " of counts has more than ", kMaxGroups, " groups"));
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
    const unsigned group = static_cast<unsigned char>(*next) - kFirstChar;
    int64_t number = static_cast<int64_t>(group ^ kSign) - kSign;
    if (group <= kBits) {
      ++next;
    } else if (!ReadNumber(next, end, number)) {
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

#if defined(__x86_64__)

// A block of eight characters; those behind the last run are written as well.
constexpr size_t kBlock = 8;

// Reads a number of two groups, the usual length of those with more than one;
// false: the next is none.
inline bool ReadPair(const char*& next, const char* end, int64_t& number) {
  if (end - next < 2) return false;
  const unsigned low = static_cast<unsigned char>(next[0]) - kFirstChar;
  const unsigned high = static_cast<unsigned char>(next[1]) - kFirstChar;
  if ((low & ~kBits) != kMore || high > kBits) return false;
  number = (static_cast<int64_t>(high ^ kSign) - kSign) * (kBits + 1) +
           (low & kBits);
  next += 2;
  return true;
}

// Reads eight numbers of one group at once. False: something is wrong, or may
// be; the counts are then unspecified.
__attribute__((target("avx2"))) bool ParseBlocks(
    int64_t pixels, absl::string_view text, std::vector<uint32_t>& counts) {
  // Below it no sum of a run and eight differences overflows.
  if (pixels > int64_t{1} << 30) return false;
  if (counts.size() < text.size() + kBlock) {
    counts.resize(text.size() + kBlock);
  }
  const char* next = text.data();
  const char* const end = next + text.size();
  uint32_t* const first = counts.data();
  uint32_t* out = first;
  const __m128i zero_char = _mm_set1_epi8(kFirstChar);
  const __m128i largest = _mm_set1_epi8(kBits), sign = _mm_set1_epi8(kSign);
  while (next != end) {
    if (out - first > 2 && end - next >= static_cast<int64_t>(kBlock)) {
      const __m128i groups = _mm_sub_epi8(
          _mm_loadl_epi64(reinterpret_cast<const __m128i*>(next)), zero_char);
      const int single = _mm_movemask_epi8(
          _mm_cmpeq_epi8(_mm_min_epu8(groups, largest), groups));
      const int n =
          __builtin_ctz(~static_cast<unsigned>(single) | 1u << kBlock);
      if (n > 0) {
        __m256i runs = _mm256_cvtepi8_epi32(
            _mm_sub_epi8(_mm_xor_si128(groups, sign), sign));
        // Each number is the difference to the run two before: sums with
        // stride two, first within each half, then over both.
        runs = _mm256_add_epi32(runs, _mm256_slli_si256(runs, 8));
        const __m256i low = _mm256_permute4x64_epi64(runs, 0x55);
        runs = _mm256_add_epi32(
            runs, _mm256_blend_epi32(_mm256_setzero_si256(), low, 0xf0));
        long long before;  // NOLINT: what the intrinsic takes
        std::memcpy(&before, out - 2, sizeof before);
        runs = _mm256_add_epi32(runs, _mm256_set1_epi64x(before));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), runs);
        out += n;
        next += n;
        continue;
      }
    }
    int64_t number;
    if (!ReadPair(next, end, number) && !ReadNumber(next, end, number)) {
      return false;
    }
    if (out - first > 2) number += out[-2];
    if (number < 0 || number > pixels) return false;
    *out++ = static_cast<uint32_t>(number);
  }
  counts.resize(static_cast<size_t>(out - first));
  uint64_t covered = 0;
  uint32_t signs = 0;
  for (const uint32_t run : counts) {
    covered += run;
    signs |= run;
  }
  return signs >> 31 == 0 && covered <= static_cast<uint64_t>(pixels);
}

bool HasBlocks() { return __builtin_cpu_supports("avx2"); }

#else

bool ParseBlocks(int64_t, absl::string_view, std::vector<uint32_t>&) {
  return false;
}
bool HasBlocks() { return false; }

#endif

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
                            std::vector<uint32_t>& counts) {
  static const bool has_blocks = HasBlocks();
  if (has_blocks &&
      ParseBlocks(static_cast<int64_t>(height) * width, text, counts)) {
    return absl::OkStatus();
  }
  return ParsePlainly(height, width, text, counts);
}

absl::StatusOr<Rle> ParseRleCounts(int64_t height, int64_t width,
                                   absl::string_view counts) {
  RETURN_IF_ERROR(CheckMaskSize(height, width));
  Rle rle;
  rle.height = static_cast<int>(height);
  rle.width = static_cast<int>(width);
  RETURN_IF_ERROR(ParseRleCounts(rle.height, rle.width, counts, rle.counts));
  return rle;
}

}  // namespace fcis
