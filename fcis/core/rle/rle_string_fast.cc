#include "fcis/core/rle/rle_string_fast.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
// GCC 12 takes what its intrinsics leave open on purpose for a mistake.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

namespace fcis {
#if defined(__x86_64__)

namespace {

// Sums over runs, as they are read.
struct Tally {
  uint64_t covered = 0;
  uint32_t area = 0;     // of those with an odd place
  uint32_t least = ~0u;  // but for the first
  uint32_t most = 0;
};

void AddRun(size_t place, uint32_t run, Tally& tally) {
  tally.covered += run;
  tally.area += place % 2 != 0 ? run : 0;
  if (place > 0) tally.least = std::min(tally.least, run);
  tally.most = std::max(tally.most, run);
}

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
                                                  const char* end, size_t place,
                                                  uint32_t* out, Tally& sums) {
  constexpr int kNumbers = 8;
  const __m128i sign = _mm_set1_epi8(kRleSign);
  size_t size = 0;
  for (int n = kNumbers; n == kNumbers && end - next >= kNumbers;) {
    const __m128i groups =
        _mm_sub_epi8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(next)),
                     _mm_set1_epi8(kRleFirstChar));
    const int single = _mm_movemask_epi8(
        _mm_cmpeq_epi8(_mm_min_epu8(groups, _mm_set1_epi8(kRleBits)), groups));
    n = __builtin_ctz(~static_cast<unsigned>(single) | 1u << kNumbers);
    if (n > 0) {
      StoreEight(
          _mm256_cvtepi8_epi32(_mm_sub_epi8(_mm_xor_si128(groups, sign), sign)),
          out + size);
    }
    next += n;
    size += static_cast<size_t>(n);
  }
  for (size_t i = 0; i < size; ++i) AddRun(place + i, out[i], sums);
  return size;
}

#define FCIS_WIDE                                           \
  __attribute__((                                           \
      target("avx512f,avx512bw,avx512vl,avx512vbmi2,lzcnt," \
             "popcnt")))

// What is known of the runs that were read.
struct WideTally {
  // The last two runs, in each pair of lanes.
  __m512i before;
  // Sums: of all, as numbers of 64 bits, and of foreground.
  __m512i covered, area;
  __m512i least, most;
};

// The first n of sixteen numbers. foreground: bit i for number i.
FCIS_WIDE inline void StoreSixteen(__m256i words, int n, uint32_t foreground,
                                   WideTally& tally, uint32_t* out) {
  const __m512i zero = _mm512_setzero_si512();
  __m512i numbers = _mm512_cvtepi16_epi32(words);
  numbers = _mm512_add_epi32(numbers, _mm512_alignr_epi32(numbers, zero, 14));
  numbers = _mm512_add_epi32(numbers, _mm512_alignr_epi32(numbers, zero, 12));
  numbers = _mm512_add_epi32(numbers, _mm512_alignr_epi32(numbers, zero, 8));
  numbers = _mm512_add_epi32(numbers, tally.before);
  _mm512_storeu_si512(out, numbers);
  // Lanes n - 2 and n - 1; below 0 they are the last of those before.
  const __m512i two_back = _mm512_set1_epi64(0xffffffff'fffffffe);
  tally.before = _mm512_permutex2var_epi32(
      numbers, _mm512_add_epi32(_mm512_set1_epi32(n), two_back), tally.before);
  const auto there = static_cast<__mmask16>((1u << n) - 1);
  const __m512i runs = _mm512_maskz_mov_epi32(there, numbers);
  tally.most = _mm512_max_epu32(tally.most, runs);
  tally.least = _mm512_mask_min_epu32(tally.least, there, tally.least, runs);
  tally.area = _mm512_mask_add_epi32(
      tally.area, static_cast<__mmask16>(foreground), tally.area, runs);
  const __m512i low = _mm512_set1_epi64(0xffffffff);
  tally.covered = _mm512_add_epi64(
      tally.covered, _mm512_add_epi64(_mm512_and_si512(runs, low),
                                      _mm512_srli_epi64(runs, 32)));
}

// The same of up to 32 words, of which `chosen` are numbers, as run number
// `place` and so on; returns how many.
FCIS_WIDE inline int StoreChosen(uint32_t chosen, __m512i words, size_t place,
                                 WideTally& tally, uint32_t* out) {
  constexpr int kHalf = 16;
  const int n = __builtin_popcount(chosen);
  const uint32_t foreground = place % 2 == 0 ? 0xaaaa : 0x5555;
  words = _mm512_maskz_compress_epi16(chosen, words);
  StoreSixteen(_mm512_castsi512_si256(words), n < kHalf ? n : kHalf, foreground,
               tally, out);
  if (n > kHalf) {
    StoreSixteen(_mm512_extracti64x4_epi64(words, 1), n - kHalf, foreground,
                 tally, out + kHalf);
  }
  return n;
}

// Of 32 groups, the last of each number: the number, where there are two with
// the lower one in `lower`.
FCIS_WIDE inline __m512i WordsOf(__m256i groups, __m256i lower,
                                 uint32_t second) {
  const __m256i bits = _mm256_set1_epi8(kRleBits),
                sign = _mm256_set1_epi8(kRleSign);
  const __m512i high = _mm512_cvtepi8_epi16(
      _mm256_sub_epi8(_mm256_xor_si256(groups, sign), sign));
  return _mm512_or_si512(_mm512_mask_slli_epi16(high, second, high, 5),
                         _mm512_cvtepu8_epi16(_mm256_and_si256(lower, bits)));
}

// Numbers of one or two groups, up to the first that is longer or wrong, from
// 64 characters at a time.
FCIS_WIDE size_t ReadSixtyFours(const char*& next, const char* end,
                                size_t place, uint32_t* out, Tally& sums) {
  const __m512i zero_char = _mm512_set1_epi8(kRleFirstChar);
  const size_t first = place;
  long long two;  // NOLINT: what the intrinsic takes
  std::memcpy(&two, out - 2, sizeof two);
  WideTally tally = {_mm512_set1_epi64(two), _mm512_setzero_si512(),
                     _mm512_setzero_si512(), _mm512_set1_epi32(-1),
                     _mm512_setzero_si512()};
  while (next != end) {
    const uint64_t there =
        end - next < 64 ? (uint64_t{1} << (end - next)) - 1 : ~uint64_t{0};
    const __m512i groups =
        _mm512_sub_epi8(_mm512_maskz_loadu_epi8(there, next), zero_char);
    const uint64_t good =
        there &
        _mm512_cmple_epu8_mask(groups, _mm512_set1_epi8(kRleMore | kRleBits));
    const uint64_t more =
        good & _mm512_test_epi8_mask(groups, _mm512_set1_epi8(kRleMore));
    const uint64_t stop = ~good | (more & more >> 1);
    const uint64_t last = (stop ^ (stop - 1)) & ~stop & ~more;
    if (last == 0) break;
    // Of two groups the second is the higher one.
    const uint64_t second = more << 1;
    const __m512i lower = _mm512_maskz_sub_epi8(
        second, _mm512_maskz_loadu_epi8(second, next - 1), zero_char);
    place += StoreChosen(
        static_cast<uint32_t>(last),
        WordsOf(_mm512_castsi512_si256(groups), _mm512_castsi512_si256(lower),
                static_cast<uint32_t>(second)),
        place, tally, out + (place - first));
    if (last >> 32 != 0) {
      place += StoreChosen(static_cast<uint32_t>(last >> 32),
                           WordsOf(_mm512_extracti64x4_epi64(groups, 1),
                                   _mm512_extracti64x4_epi64(lower, 1),
                                   static_cast<uint32_t>(second >> 32)),
                           place, tally, out + (place - first));
    }
    next += 64 - __builtin_clzll(last);
  }
  sums.covered += static_cast<uint64_t>(_mm512_reduce_add_epi64(tally.covered));
  sums.area += static_cast<uint32_t>(_mm512_reduce_add_epi32(tally.area));
  sums.least = std::min(sums.least, _mm512_reduce_min_epu32(tally.least));
  sums.most = std::max(sums.most, _mm512_reduce_max_epu32(tally.most));
  return place - first;
}

#undef FCIS_WIDE

}  // namespace

bool CpuHasRleReading(RleReading way) {
  if (way == RleReading::kAvx2) return __builtin_cpu_supports("avx2");
  return __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vbmi2");
}

namespace {

// place: of the first run that is read, which goes to `out`.
using ReadSome = size_t (*)(const char*& next, const char* end, size_t place,
                            uint32_t* out, Tally& sums);

// Reads a number of two groups, the usual length of those with more than one;
// false: the next is none.
inline bool ReadPair(const char*& next, const char* end, int64_t& number) {
  if (end - next < 2) return false;
  const unsigned low = static_cast<unsigned char>(next[0]) - kRleFirstChar;
  const unsigned high = static_cast<unsigned char>(next[1]) - kRleFirstChar;
  if ((low & ~kRleBits) != kRleMore || high > kRleBits) return false;
  number = (static_cast<int64_t>(high ^ kRleSign) - kRleSign) * (kRleBits + 1) +
           (low & kRleBits);
  next += 2;
  return true;
}

}  // namespace

// `read` returns how many numbers it stored as runs, behind at least three, and
// may write up to kRoom more.
bool ParseRleCountsFast(RleReading way, int64_t pixels, absl::string_view text,
                        std::vector<uint32_t>& counts, RunSums* sums) {
  const ReadSome read =
      way == RleReading::kAvx512 ? ReadSixtyFours : ReadEights;
  constexpr size_t kRoom = 32;
  // Below it no sum of a run and so many differences overflows.
  if (pixels > int64_t{1} << 30) return false;
  if (counts.size() < text.size() + kRoom) counts.resize(text.size() + kRoom);
  const char* next = text.data();
  const char* const end = next + text.size();
  uint32_t* const runs = counts.data();
  size_t size = 0;
  Tally tally;
  while (next != end) {
    if (size > 2) {
      size += read(next, end, size, runs + size, tally);
      if (next == end) break;
    }
    int64_t number;
    if (!ReadPair(next, end, number) && !ReadRleNumber(next, end, number)) {
      return false;
    }
    if (size > 2) number += runs[size - 2];
    if (number < 0 || number > pixels) return false;
    runs[size] = static_cast<uint32_t>(number);
    AddRun(size, runs[size], tally);
    ++size;
  }
  counts.resize(size);
  const uint32_t rest = size % 2 != 0 ? runs[size - 1] : 0;
  *sums = {tally.area, static_cast<uint32_t>(tally.covered) - rest,
           tally.least == 0};
  return tally.most >> 31 == 0 &&
         tally.covered <= static_cast<uint64_t>(pixels);
}

#else

bool CpuHasRleReading(RleReading) { return false; }
bool ParseRleCountsFast(RleReading, int64_t, absl::string_view,
                        std::vector<uint32_t>&, RunSums*) {
  return false;
}

#endif

}  // namespace fcis
