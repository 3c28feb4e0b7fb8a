#include "fcis/core/rle/rle_string.h"

#include <cstring>
#include <utility>

#if defined(__x86_64__)
// GCC 12 takes what its intrinsics leave open on purpose for a mistake.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

#include "absl/strings/str_cat.h"
#include "fcis/core/base/multiversion.h"
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

// Each number is the difference to the run two before: adds what lies two, four
// and so on before.
__attribute__((target("avx2"))) void StoreEight(__m256i numbers,
                                                uint32_t* out) {
  // Within each half, then over both.
  numbers = _mm256_add_epi32(numbers, _mm256_slli_si256(numbers, 8));
  const __m256i low = _mm256_permute4x64_epi64(numbers, 0x55);
  numbers = _mm256_add_epi32(
      numbers, _mm256_blend_epi32(_mm256_setzero_si256(), low, 0xf0));
  long long before;  // NOLINT: what the intrinsic takes
  std::memcpy(&before, out - 2, sizeof before);
  numbers = _mm256_add_epi32(numbers, _mm256_set1_epi64x(before));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), numbers);
}

// Numbers of one group.
__attribute__((target("avx2"))) size_t ReadEights(const char*& next,
                                                  const char* end,
                                                  uint32_t* out) {
  constexpr int kNumbers = 8;
  const __m128i sign = _mm_set1_epi8(kSign);
  size_t size = 0;
  for (int n = kNumbers; n == kNumbers && end - next >= kNumbers;) {
    const __m128i groups =
        _mm_sub_epi8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(next)),
                     _mm_set1_epi8(kFirstChar));
    const int single = _mm_movemask_epi8(
        _mm_cmpeq_epi8(_mm_min_epu8(groups, _mm_set1_epi8(kBits)), groups));
    n = __builtin_ctz(~static_cast<unsigned>(single) | 1u << kNumbers);
    if (n > 0) {
      StoreEight(
          _mm256_cvtepi8_epi32(_mm_sub_epi8(_mm_xor_si128(groups, sign), sign)),
          out + size);
    }
    next += n;
    size += static_cast<size_t>(n);
  }
  return size;
}

#define FCIS_WIDE                                           \
  __attribute__((                                           \
      target("avx512f,avx512bw,avx512vl,avx512vbmi2,lzcnt," \
             "popcnt")))

// The first n of sixteen numbers. `before` has the last two runs in each pair
// of lanes, and then those behind.
FCIS_WIDE inline void StoreSixteen(__m256i words, int n, __m512i& before,
                                   uint32_t* out) {
  const __m512i zero = _mm512_setzero_si512();
  __m512i numbers = _mm512_cvtepi16_epi32(words);
  numbers = _mm512_add_epi32(numbers, _mm512_alignr_epi32(numbers, zero, 14));
  numbers = _mm512_add_epi32(numbers, _mm512_alignr_epi32(numbers, zero, 12));
  numbers = _mm512_add_epi32(numbers, _mm512_alignr_epi32(numbers, zero, 8));
  numbers = _mm512_add_epi32(numbers, before);
  _mm512_storeu_si512(out, numbers);
  // Lanes n - 2 and n - 1; below 0 they are the last of `before`.
  const __m512i two_back = _mm512_set1_epi64(0xffffffff'fffffffe);
  before = _mm512_permutex2var_epi32(
      numbers, _mm512_add_epi32(_mm512_set1_epi32(n), two_back), before);
}

// The same of up to 32 words, of which `chosen` are numbers; returns how many.
FCIS_WIDE inline int StoreChosen(uint32_t chosen, __m512i words,
                                 __m512i& before, uint32_t* out) {
  constexpr int kHalf = 16;
  const int n = __builtin_popcount(chosen);
  words = _mm512_maskz_compress_epi16(chosen, words);
  StoreSixteen(_mm512_castsi512_si256(words), n < kHalf ? n : kHalf, before,
               out);
  if (n > kHalf) {
    StoreSixteen(_mm512_extracti64x4_epi64(words, 1), n - kHalf, before,
                 out + kHalf);
  }
  return n;
}

// Of 32 groups, the last of each number: the number, where there are two with
// the lower one in `lower`.
FCIS_WIDE inline __m512i WordsOf(__m256i groups, __m256i lower,
                                 uint32_t second) {
  const __m256i bits = _mm256_set1_epi8(kBits), sign = _mm256_set1_epi8(kSign);
  const __m512i high = _mm512_cvtepi8_epi16(
      _mm256_sub_epi8(_mm256_xor_si256(groups, sign), sign));
  return _mm512_or_si512(_mm512_mask_slli_epi16(high, second, high, 5),
                         _mm512_cvtepu8_epi16(_mm256_and_si256(lower, bits)));
}

// Numbers of one or two groups, up to the first that is longer or wrong, from
// 64 characters at a time.
FCIS_WIDE size_t ReadSixtyFours(const char*& next, const char* end,
                                uint32_t* out) {
  const __m512i zero_char = _mm512_set1_epi8(kFirstChar);
  uint32_t* const first = out;
  long long two;  // NOLINT: what the intrinsic takes
  std::memcpy(&two, out - 2, sizeof two);
  __m512i before = _mm512_set1_epi64(two);
  while (next != end) {
    const uint64_t there =
        end - next < 64 ? (uint64_t{1} << (end - next)) - 1 : ~uint64_t{0};
    const __m512i groups =
        _mm512_sub_epi8(_mm512_maskz_loadu_epi8(there, next), zero_char);
    const uint64_t good =
        there & _mm512_cmple_epu8_mask(groups, _mm512_set1_epi8(kMore | kBits));
    const uint64_t more =
        good & _mm512_test_epi8_mask(groups, _mm512_set1_epi8(kMore));
    const uint64_t stop = ~good | (more & more >> 1);
    const uint64_t last = (stop ^ (stop - 1)) & ~stop & ~more;
    if (last == 0) break;
    // Of two groups the second is the higher one.
    const uint64_t second = more << 1;
    const __m512i lower = _mm512_maskz_sub_epi8(
        second, _mm512_maskz_loadu_epi8(second, next - 1), zero_char);
    out += StoreChosen(
        static_cast<uint32_t>(last),
        WordsOf(_mm512_castsi512_si256(groups), _mm512_castsi512_si256(lower),
                static_cast<uint32_t>(second)),
        before, out);
    if (last >> 32 != 0) {
      out += StoreChosen(static_cast<uint32_t>(last >> 32),
                         WordsOf(_mm512_extracti64x4_epi64(groups, 1),
                                 _mm512_extracti64x4_epi64(lower, 1),
                                 static_cast<uint32_t>(second >> 32)),
                         before, out);
    }
    next += 64 - __builtin_clzll(last);
  }
  return static_cast<size_t>(out - first);
}

#undef FCIS_WIDE

bool CpuHas(RleReading way) {
  if (way == RleReading::kAvx2) return __builtin_cpu_supports("avx2");
  return __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vbmi2");
}

using ReadSome = size_t (*)(const char*& next, const char* end, uint32_t* out);

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

FCIS_MULTIVERSION bool CoverAtMost(uint64_t pixels,
                                   const std::vector<uint32_t>& counts) {
  uint64_t covered = 0;
  uint32_t signs = 0;
  for (const uint32_t run : counts) {
    covered += run;
    signs |= run;
  }
  return signs >> 31 == 0 && covered <= pixels;
}

// Reads several numbers at once, not kPlain: `read` returns how many it stored
// as runs, behind at least three, and may write up to kRoom more. False:
// something is wrong, or may be; the counts are then unspecified.
bool ParseFast(RleReading way, int64_t pixels, absl::string_view text,
               std::vector<uint32_t>& counts) {
  const ReadSome read =
      way == RleReading::kAvx512 ? ReadSixtyFours : ReadEights;
  constexpr size_t kRoom = 32;
  // Below it no sum of a run and so many differences overflows.
  if (pixels > int64_t{1} << 30) return false;
  if (counts.size() < text.size() + kRoom) counts.resize(text.size() + kRoom);
  const char* next = text.data();
  const char* const end = next + text.size();
  uint32_t* const first = counts.data();
  uint32_t* out = first;
  while (next != end) {
    if (out - first > 2) {
      out += read(next, end, out);
      if (next == end) break;
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
  return CoverAtMost(static_cast<uint64_t>(pixels), counts);
}

#else

bool CpuHas(RleReading) { return false; }
bool ParseFast(RleReading, int64_t, absl::string_view, std::vector<uint32_t>&) {
  return false;
}

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
  static const RleReading best =
      CanRead(RleReading::kAvx512) ? RleReading::kAvx512
      : CanRead(RleReading::kAvx2) ? RleReading::kAvx2
                                   : RleReading::kPlain;
  return ParseRleCounts(best, height, width, text, counts);
}

bool CanRead(RleReading way) {
  return way == RleReading::kPlain || CpuHas(way);
}

absl::Status ParseRleCounts(RleReading way, int height, int width,
                            absl::string_view text,
                            std::vector<uint32_t>& counts) {
  if (way != RleReading::kPlain &&
      ParseFast(way, static_cast<int64_t>(height) * width, text, counts)) {
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
