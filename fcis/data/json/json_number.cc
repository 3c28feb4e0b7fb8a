#include "fcis/data/json/json_number.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <system_error>

#include "absl/base/attributes.h"

namespace fcis::data {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                   1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                   1e14, 1e15, 1e16, 1e17, 1e18};
constexpr uint64_t kIntegerPowersOfTen[] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
constexpr uint64_t kMaxExactInteger = uint64_t{1} << 53;

// The number that up to eight digits make that stand in front of others: pairs,
// then pairs of pairs, then both halves.
uint64_t NumberOf(const char* text, int count) {
  uint64_t digits;
  std::memcpy(&digits, text, sizeof digits);
  digits <<= 8 * (8 - count);  // zeros before them in place of what is behind
  digits = (digits & 0x0f0f0f0f0f0f0f0fu) * (10 * 256 + 1) >> 8;
  digits = (digits & 0x00ff00ff00ff00ffu) * (100 * 65536 + 1) >> 16;
  return (digits & 0x0000ffff0000ffffu) * ((10000ull << 32) + 1) >> 32;
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

#if defined(__x86_64__)

// By x87's numbers of 64 bits, which hold all digits and powers exactly. False:
// the quotient, rounded to 64 bits, lies halfway between two doubles.
bool WideValue(uint64_t digits, int64_t fraction, double& value) {
  static_assert(std::numeric_limits<long double>::digits == 64, "x87");
  const long double quotient = static_cast<long double>(digits) /
                               static_cast<long double>(kPowersOfTen[fraction]);
  uint64_t mantissa;
  std::memcpy(&mantissa, &quotient, sizeof mantissa);
  constexpr uint64_t kBelow = (1 << 11) - 1, kHalfway = 1 << 10;
  value = static_cast<double>(quotient);
  return (mantissa & kBelow) != kHalfway;
}

#else

bool WideValue(uint64_t, int64_t, double&) { return false; }

#endif

}  // namespace

// Correctly rounded, when the digits and the power of ten are exact and there
// is but one rounding: by doubles (Clinger's fast path), or by a wider type
// whose quotient is no tie for the second rounding.
double Value(const char* begin, const Decimal& d) {
  // So many digits do not overflow.
  constexpr int kMaxCount = 19;
  if (d.has_exponent || d.count > kMaxCount) return SlowValue(begin, d.end);
  double value;
  if (d.digits <= kMaxExactInteger) {
    value = ExactValue(d.digits, d.fraction);
  } else if (!WideValue(d.digits, d.fraction, value)) {
    return SlowValue(begin, d.end);
  }
  return d.negative ? -value : value;
}

namespace {

// Passes over short numbers that others follow; take(digits, number, negative)
// says whether it takes one.
template <typename Take>
const char* PassNumbers(const char* next, const char* end, const Take& take) {
  for (;;) {
    const bool negative = next != end && *next == '-';
    const char* const digits = next + negative;
    const ShortNumber number = FindShort(digits, end);
    const char* const behind = digits + number.length;
    if (number.length == 0 || *behind != ',') return next;
    if (!take(digits, number, negative)) return next;
    next = behind + (behind[1] == ' ' ? 2 : 1);
  }
}

}  // namespace

const char* SkipNumbers(const char* next, const char* end) {
  return PassNumbers(next, end, [](auto&&...) { return true; });
}

const char* TakeNumbers(const char* next, const char* end,
                        std::vector<double>& values) {
  constexpr int kExactDigits = 15;
  return PassNumbers(
      next, end,
      [&](const char* digits, const ShortNumber& number, bool negative) {
        if (number.whole + number.fraction > kExactDigits) return false;
        const double value =
            ExactValue(DigitsOf(digits, number), number.fraction);
        values.push_back(negative ? -value : value);
        return true;
      });
}

}  // namespace fcis::data
