#include "fcis/data/json/json_number.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

#include "absl/base/attributes.h"
#include "absl/numeric/int128.h"

namespace fcis::data {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                   1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                   1e14, 1e15, 1e16, 1e17, 1e18};
constexpr uint64_t kIntegerPowersOfTen[] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
constexpr uint64_t kMaxExactInteger = uint64_t{1} << 53;

// The number that the digits in a word make, the last in the highest byte;
// bytes of 0 are none: pairs, then pairs of pairs, then both halves.
uint64_t NumberOfWord(uint64_t digits) {
  digits = (digits & 0x0f0f0f0f0f0f0f0fu) * (10 * 256 + 1) >> 8;
  digits = (digits & 0x00ff00ff00ff00ffu) * (100 * 65536 + 1) >> 16;
  return (digits & 0x0000ffff0000ffffu) * ((10000ull << 32) + 1) >> 32;
}

// The number of up to eight digits that stand in front of others.
uint64_t NumberOf(const char* text, int count) {
  uint64_t digits;
  std::memcpy(&digits, text, sizeof digits);
  // Zeros before them in place of what is behind.
  return NumberOfWord(digits << 8 * (8 - count));
}

// Appends digits to `number`, modulo 2^64. Eight characters must be readable
// wherever one is.
inline uint64_t AppendDigits(uint64_t number, const char* text, int count) {
  for (; count > 8; count -= 8, text += 8) {
    number = number * kIntegerPowersOfTen[8] + NumberOf(text, 8);
  }
  if (count == 0) return number;
  return number * kIntegerPowersOfTen[count] + NumberOf(text, count);
}

// Digits, and digits behind a point.
struct ShortNumber {
  int length = 0;  // of the text; 0: it is none, or may be longer
  int whole = 0, fraction = 0;
};

#if defined(__SSE2__)

// Bit i: character i of 16 is none of the digits.
uint32_t FindOthers(const char* text) {
  const __m128i values =
      _mm_sub_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text)),
                   _mm_set1_epi8('0'));
  return ~static_cast<uint32_t>(_mm_movemask_epi8(
             _mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values))) &
         0xffff;
}

// Of a number as nearly all are, at once: such that eight characters from each
// of its own are readable.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline ShortNumber FindShort(const char* next,
                                                          const char* end) {
  constexpr int kSeen = 32, kLongest = kSeen - 8;
  ShortNumber number;
  if (end - next < kSeen) return number;
  const uint64_t others =
      FindOthers(next) | FindOthers(next + 16) << 16 | uint64_t{1} << kSeen;
  number.whole = __builtin_ctzll(others);
  int length = number.whole;
  if (length == kSeen || length == 0) return number;
  if (length > 1 && *next == '0') return number;
  if (next[length] == '.') {
    number.fraction = __builtin_ctzll(others >> length >> 1);
    if (number.fraction == 0) return number;
    length += 1 + number.fraction;
  }
  if (length <= kLongest) number.length = length;
  return number;
}

#else

ShortNumber FindShort(const char*, const char*) { return {}; }

#endif

uint64_t DigitsOf(const char* text, const ShortNumber& number) {
  return AppendDigits(AppendDigits(0, text, number.whole),
                      text + number.whole + 1, number.fraction);
}

// Correctly rounded, where `digits` is a double exactly (Clinger's fast path).
double ExactValue(uint64_t digits, int64_t fraction) {
  const auto value = static_cast<double>(digits);
  return fraction > 0 ? value / kPowersOfTen[fraction] : value;
}

const char* SkipDigits(const char* next, const char* end) {
  while (next != end && IsDigit(*next)) ++next;
  return next;
}

// Behind the exponent, if there is one; null: it has no digits.
const char* SkipExponent(const char* next, const char* end) {
  if (next == end || (*next != 'e' && *next != 'E')) return next;
  ++next;
  if (next != end && (*next == '+' || *next == '-')) ++next;
  if (next == end || !IsDigit(*next)) return nullptr;
  return SkipDigits(next, end);
}

// The same of any number, digit by digit; next: behind the sign.
const char* TakeDigits(const char* next, const char* end, Decimal& d) {
  const auto take = [&] {
    const char* const first = next;
    for (; next != end && IsDigit(*next); ++next) {
      d.digits = d.digits * 10 + static_cast<uint64_t>(*next - '0');
    }
    return next - first;
  };
  if (next == end || !IsDigit(*next)) return nullptr;
  d.count = *next == '0' ? (++next, 1) : take();
  if (next == end || *next != '.') return next;
  ++next;
  d.fraction = take();
  d.count += d.fraction;
  return d.fraction == 0 ? nullptr : next;
}

}  // namespace

Decimal TakeApart(const char* next, const char* end) {
  Decimal d;
  d.negative = next != end && *next == '-';
  next += d.negative;
  const ShortNumber number = FindShort(next, end);
  if (number.length > 0) {
    d.digits = DigitsOf(next, number);
    d.count = number.whole + number.fraction;
    d.fraction = number.fraction;
    next += number.length;
  } else {
    next = TakeDigits(next, end, d);
    if (next == nullptr) return d;
  }
  d.end = SkipExponent(next, end);
  d.has_exponent = d.end != next;
  return d;
}

const char* SkipNumber(const char* next, const char* end) {
  if (next != end && *next == '-') ++next;
  Decimal any;
  const int length = FindShort(next, end).length;
  next = length > 0 ? next + length : TakeDigits(next, end, any);
  return next == nullptr ? nullptr : SkipExponent(next, end);
}

namespace {

double SlowValue(const char* begin, const char* end) {
  double value = 0;
  if (std::from_chars(begin, end, value).ec == std::errc()) return value;
  // Out of range: infinity or zero, as strtod tells them apart.
  return std::strtod(std::string(begin, end).c_str(), nullptr);
}

// 128 bits of 1 / 5^fraction, rounded up, the first of which is 1.
struct Reciprocal {
  uint64_t high = 0, low = 0;
};

constexpr int kMaxFraction = 18;

constexpr Reciprocal ReciprocalOfFive(int fraction) {
  uint64_t divisor = 1, left = 1;
  for (int i = 0; i < fraction; ++i) divisor *= 5;
  while (2 * left < divisor) left *= 2;
  Reciprocal quotient;
  for (int bit = 0; bit < 128; ++bit) {
    left *= 2;
    quotient.high = quotient.high << 1 | quotient.low >> 63;
    quotient.low = quotient.low << 1 | (left >= divisor ? 1u : 0u);
    if (left >= divisor) left -= divisor;
  }
  quotient.low += 1;
  quotient.high += quotient.low == 0 ? 1 : 0;
  return quotient;
}

struct Reciprocals {
  constexpr Reciprocals() {
    for (int i = 1; i <= kMaxFraction; ++i) of_five[i] = ReciprocalOfFive(i);
  }
  Reciprocal of_five[kMaxFraction + 1];
};
constexpr Reciprocals kReciprocals;

// digits / 10^fraction, correctly rounded, for digits > 0 and a fraction from 1
// to kMaxFraction: the way of Eisel and Lemire ("Number parsing at a gigabyte
// per second", 2021), of which exponents this near to 0 need no exception.
double QuotientOf(uint64_t digits, int64_t fraction) {
  constexpr int kStored = 52, kBias = 1023, kSpare = 3;
  const Reciprocal& reciprocal = kReciprocals.of_five[fraction];
  const int zeros = __builtin_clzll(digits);
  absl::uint128 product = absl::uint128(digits << zeros) * reciprocal.high;
  constexpr uint64_t kUnsure = ~uint64_t{0} >> (kStored + kSpare);
  if ((absl::Uint128High64(product) & kUnsure) == kUnsure) {
    product +=
        absl::Uint128High64(absl::uint128(digits << zeros) * reciprocal.low);
  }
  const uint64_t high = absl::Uint128High64(product);
  const auto upper = static_cast<int>(high >> 63);
  const int shift = upper + 64 - kStored - kSpare;
  uint64_t mantissa = high >> shift;
  // Halfway between two doubles to the last bit: to the even one.
  const bool exact = absl::Uint128Low64(product) <= 1 && fraction <= 4 &&
                     mantissa << shift == high;
  if (exact && (mantissa & 3) == 1) --mantissa;
  mantissa = (mantissa + (mantissa & 1)) >> 1;
  // 217706 / 2^16 is the logarithm of 10, near enough.
  const int64_t exponent = (217706 * -fraction >> 16) + 63 + upper - zeros;
  // A mantissa that was rounded up to 2^53 makes the exponent one larger.
  const uint64_t bits = (static_cast<uint64_t>(exponent + kBias) << kStored) +
                        (mantissa - (uint64_t{1} << kStored));
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace

// Correctly rounded, when the digits and the power of ten are exact and there
// is but one rounding (Clinger's fast path); else in integers.
double Value(const char* begin, const Decimal& d) {
  // So many digits do not overflow.
  constexpr int kMaxCount = kMaxFraction + 1;
  if (d.has_exponent || d.count > kMaxCount) return SlowValue(begin, d.end);
  const double value = d.digits <= kMaxExactInteger || d.fraction == 0
                           ? ExactValue(d.digits, d.fraction)
                           : QuotientOf(d.digits, d.fraction);
  return d.negative ? -value : value;
}

int TakeSmallInteger(const char* next, const char* end, int64_t& value) {
  constexpr int kSeen = 8;
  constexpr uint64_t kEach = 0x0101010101010101;
  if (end - next < kSeen) return 0;
  uint64_t values;
  std::memcpy(&values, next, sizeof values);
  values ^= kEach * '0';
  // The first byte that is no digit has bit 7 now, or bytes behind it as well.
  const uint64_t others =
      (values | (values + kEach * (0x80 - 10))) & kEach * 0x80;
  const int length = others == 0 ? 0 : __builtin_ctzll(others) / 8;
  if (length == 0 || (length > 1 && *next == '0')) return 0;
  const char behind = next[length];
  if (behind == '.' || behind == 'e' || behind == 'E') return 0;
  value = static_cast<int64_t>(NumberOf(next, length));
  return length;
}

namespace {

#if defined(__SSE2__)

// Long lists are read by blocks: bit i stands for character i.
constexpr int kBlock = 64;

struct Block {
  uint64_t digits = 0, zeros = 0, points = 0, commas = 0, spaces = 0, signs = 0;
};

ABSL_ATTRIBUTE_ALWAYS_INLINE inline Block ReadBlock(const char* text) {
  Block block;
  for (int at = 0; at < kBlock; at += 16) {
    const __m128i c =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + at));
    const auto bits = [&](__m128i found) {
      return static_cast<uint64_t>(_mm_movemask_epi8(found)) << at;
    };
    const auto is = [&](char wanted) {
      return bits(_mm_cmpeq_epi8(c, _mm_set1_epi8(wanted)));
    };
    const __m128i values = _mm_sub_epi8(c, _mm_set1_epi8('0'));
    block.digits |=
        bits(_mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values));
    block.zeros |= is('0');
    block.points |= is('.');
    block.commas |= is(',');
    block.spaces |= is(' ');
    block.signs |= is('-');
  }
  return block;
}

// Of a block that begins with a number: the commas behind numbers without an
// exponent, one space at most between them, up to what is anything else.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline uint64_t CommasBehindNumbers(
    const Block& b) {
  const uint64_t behind_comma = b.commas << 1;
  const uint64_t begins =
      1 | (behind_comma & ~b.spaces) | (behind_comma & b.spaces) << 1;
  // Where digits must begin, before a point and behind one.
  const uint64_t whole = (begins & ~b.signs) | (begins & b.signs) << 1;
  const uint64_t fraction = b.points << 1;
  // Adding the first of a run of digits carries behind its last.
  const uint64_t behind_whole = (b.digits + (whole & b.digits)) & ~b.digits;
  const uint64_t behind_fraction =
      (b.digits + (fraction & b.digits)) & ~b.digits;
  const uint64_t wrong =
      ~(b.digits | b.points | b.commas | b.spaces | b.signs) |
      ((whole | fraction) & ~b.digits) |
      (b.digits & ~(b.digits << 1) & ~(whole | fraction)) |
      ((whole & b.zeros) << 1 & b.digits) | (b.points & ~behind_whole) |
      (b.commas & ~(behind_whole | behind_fraction)) |
      (b.spaces & ~behind_comma) | (b.signs & ~begins);
  return b.commas & (wrong - 1) & ~wrong;
}

// The digits of a number of up to eight characters, its point left out, if it
// has one before the last `fraction` of them. Eight must be readable.
uint64_t DigitsOfShort(const char* text, int length, int fraction) {
  uint64_t word;
  std::memcpy(&word, text, sizeof word);
  word <<= 8 * (8 - length);  // the last character is the highest byte
  if (fraction > 0) {
    const uint64_t behind = ~uint64_t{0} << 8 * (8 - fraction);
    word = (word & behind) | (word << 8 & ~behind);
  }
  return NumberOfWord(word);
}

bool IsFirst(char c) { return IsDigit(c) || c == '-'; }

// Calls take(block, commas, text) for blocks in which numbers are followed by
// others, until it says false; returns where the next value begins.
template <typename Take>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline const char* PassBlocks(const char* next,
                                                           const char* end,
                                                           const Take& take) {
  constexpr int kReadable = kBlock + 8;  // from each number on
  while (end - next >= kReadable && IsFirst(*next)) {
    const Block block = ReadBlock(next);
    const uint64_t commas = CommasBehindNumbers(block);
    if (commas == 0) return next;
    const char* const stop = take(block, commas, next);
    if (stop != nullptr) return stop;
    next += kBlock - __builtin_clzll(commas);
    next += *next == ' ';
  }
  return next;
}

// Appends the numbers before `commas`. Not null: where one begins that it
// leaves to others.
const char* TakeBlock(const Block& block, uint64_t commas, const char* text,
                      std::vector<double>& values) {
  constexpr int kExactDigits = 15;
  uint64_t points = block.points;
  for (const char* next = text; commas != 0; commas &= commas - 1) {
    const char* const first = next;
    const bool negative = *next == '-';
    next += negative;
    const char* const comma = text + __builtin_ctzll(commas);
    const auto length = static_cast<int>(comma - next);
    ShortNumber number;
    number.length = number.whole = length;
    if (const uint64_t point = points & (commas ^ (commas - 1))) {
      points ^= point;
      number.whole = static_cast<int>(text + __builtin_ctzll(point) - next);
      number.fraction = length - number.whole - 1;
    }
    if (number.whole + number.fraction > kExactDigits) return first;
    const double value =
        ExactValue(length <= 8 ? DigitsOfShort(next, length, number.fraction)
                               : DigitsOf(next, number),
                   number.fraction);
    values.push_back(negative ? -value : value);
    next = comma + 1;
    next += *next == ' ';
  }
  return nullptr;
}

#else

struct Block {};

template <typename Take>
const char* PassBlocks(const char* next, const char*, const Take&) {
  return next;
}
const char* TakeBlock(const Block&, uint64_t, const char* text,
                      std::vector<double>&) {
  return text;
}

#endif

}  // namespace

const char* SkipNumbers(const char* next, const char* end) {
  return PassBlocks(next, end, [](const Block&, uint64_t, const char*) {
    return static_cast<const char*>(nullptr);
  });
}

const char* TakeNumbers(const char* next, const char* end,
                        std::vector<double>& values) {
  return PassBlocks(next, end,
                    [&](const Block& block, uint64_t commas, const char* text) {
                      return TakeBlock(block, commas, text, values);
                    });
}

}  // namespace fcis::data
