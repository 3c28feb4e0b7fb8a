#include "fcis/data/json/json_scanner.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <system_error>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fcis::data {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                   1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                   1e14, 1e15, 1e16, 1e17, 1e18};
constexpr uint64_t kMaxExactInteger = uint64_t{1} << 53;

constexpr int64_t kChunk = 8;

// Whether the next eight characters are digits; `digits` then holds them.
bool LoadDigits(const char* next, const char* end, uint64_t& digits) {
  if (end - next < kChunk) return false;
  std::memcpy(&digits, next, sizeof digits);
  constexpr uint64_t kHigh = 0xf0f0f0f0f0f0f0f0u;
  // '0' to '9' are 0x30 to 0x39; six more and those alone stay below 0x40.
  return ((digits & kHigh) | (((digits + 0x0606060606060606u) & kHigh) >> 4)) ==
         0x3333333333333333u;
}

// The number that eight digits make, the first in the lowest byte: pairs, then
// pairs of pairs, then both halves.
uint64_t NumberOf(uint64_t digits) {
  digits = (digits & 0x0f0f0f0f0f0f0f0fu) * (10 * 256 + 1) >> 8;
  digits = (digits & 0x00ff00ff00ff00ffu) * (100 * 65536 + 1) >> 16;
  return (digits & 0x0000ffff0000ffffu) * ((10000ull << 32) + 1) >> 32;
}

const char* SkipDigits(const char* next, const char* end) {
  uint64_t digits;
  while (LoadDigits(next, end, digits)) next += kChunk;
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

// A number of JSON's grammar, taken apart.
struct Decimal {
  const char* end = nullptr;  // null: not a number
  bool negative = false;
  bool has_exponent = false;
  uint64_t digits = 0;   // modulo 2^64
  int64_t count = 0;     // of digits, leading zeros included
  int64_t fraction = 0;  // of digits behind the point
};

Decimal TakeApart(const char* next, const char* end) {
  Decimal d;
  if (next != end && *next == '-') {
    d.negative = true;
    ++next;
  }
  if (next == end || !IsDigit(*next)) return d;
  uint64_t digits = 0;
  const auto take = [&] {
    const char* const first = next;
    for (uint64_t chunk; LoadDigits(next, end, chunk); next += kChunk) {
      digits = digits * 100000000 + NumberOf(chunk);
    }
    for (; next != end && IsDigit(*next); ++next) {
      digits = digits * 10 + static_cast<uint64_t>(*next - '0');
    }
    return next - first;
  };
  if (*next == '0') {
    ++next;
    d.count = 1;
  } else {
    d.count = take();
  }
  if (next != end && *next == '.') {
    ++next;
    d.fraction = take();
    if (d.fraction == 0) return d;
    d.count += d.fraction;
  }
  d.digits = digits;
  d.end = SkipExponent(next, end);
  d.has_exponent = d.end != next;
  return d;
}

// Behind a number; null: there is none.
const char* SkipNumber(const char* next, const char* end) {
  if (next != end && *next == '-') ++next;
  if (next == end || !IsDigit(*next)) return nullptr;
  next = *next == '0' ? next + 1 : SkipDigits(next, end);
  if (next != end && *next == '.') {
    const char* const point = next + 1;
    next = SkipDigits(point, end);
    if (next == point) return nullptr;
  }
  return SkipExponent(next, end);
}

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

// Correctly rounded, when the digits and the power of ten are exact and there
// is but one rounding: by doubles (Clinger's fast path), or by a wider type
// whose quotient is no tie for the second rounding.
double Value(const char* begin, const Decimal& d) {
  // So many digits do not overflow.
  constexpr int kMaxCount = 19;
  if (d.has_exponent || d.count > kMaxCount) return SlowValue(begin, d.end);
  double value;
  if (d.digits <= kMaxExactInteger) {
    value = static_cast<double>(d.digits) / kPowersOfTen[d.fraction];
  } else if (!WideValue(d.digits, d.fraction, value)) {
    return SlowValue(begin, d.end);
  }
  return d.negative ? -value : value;
}

}  // namespace

JsonScanner::Kind JsonScanner::Peek() {
  switch (Next()) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
    case 'f':
      return Kind::kBool;
    case 'n':
      return Kind::kNull;
    case 'N':
    case 'I':
    case '-':
      return Kind::kNumber;
    default:
      return next_ != end_ && IsDigit(*next_) ? Kind::kNumber : Kind::kNone;
  }
}

bool JsonScanner::Enter() {
  if (++depth_ > kMaxDepth) {
    return Fail(absl::StrCat("nested deeper than ", kMaxDepth, " levels"));
  }
  ++next_;
  return true;
}

bool JsonScanner::ReadKey(absl::string_view& key) {
  if (Next() != '"') return Expected("a key in quotes");
  if (!ReadString(key)) return false;
  if (Next() != ':') return Expected("':'");
  ++next_;
  return true;
}

bool JsonScanner::ReadComma(bool& more) {
  const char c = Next();
  if (c != ',' && c != ']') return Expected("',' or ']'");
  more = c == ',';
  ++next_;
  return true;
}

bool JsonScanner::ReadSpecialNumber(double& value) {
  const bool negative = *next_ == '-';
  const absl::string_view left(next_ + negative,
                               static_cast<size_t>(end_ - next_ - negative));
  if (absl::StartsWith(left, "Infinity")) {
    value = std::numeric_limits<double>::infinity();
    next_ += 8;
  } else if (!negative && absl::StartsWith(left, "NaN")) {
    value = std::numeric_limits<double>::quiet_NaN();
    next_ += 3;
  } else {
    return Expected("a number");
  }
  next_ += negative;
  if (negative) value = -value;
  return true;
}

bool JsonScanner::ReadNumber(double& value) {
  if (Next() == '\0') return Expected("a number");
  const Decimal d = TakeApart(next_, end_);
  if (d.end == nullptr) return ReadSpecialNumber(value);
  value = Value(next_, d);
  next_ = d.end;
  return true;
}

bool JsonScanner::ReadNumber(JsonNumber& number) {
  if (Next() == '\0') return Expected("a number");
  const Decimal d = TakeApart(next_, end_);
  number = JsonNumber();
  if (d.end == nullptr) return ReadSpecialNumber(number.value);
  number.value = Value(next_, d);
  constexpr double kTwo63 = 9223372036854775808.0;
  if (d.fraction == 0 && !d.has_exponent) {
    number.integral =
        std::from_chars(next_, d.end, number.integer).ec == std::errc();
  } else if (number.value >= -kTwo63 && number.value < kTwo63 &&
             number.value == std::floor(number.value)) {
    number.integral = true;
    number.integer = static_cast<int64_t>(number.value);
  }
  next_ = d.end;
  return true;
}

bool JsonScanner::ReadLiteral(absl::string_view literal) {
  if (absl::string_view(next_, static_cast<size_t>(end_ - next_))
          .substr(0, literal.size()) != literal) {
    return Expected("a JSON value");
  }
  next_ += literal.size();
  return true;
}

bool JsonScanner::ReadBool(bool& value) {
  value = Next() == 't';
  if (!value && Next() != 'f') return Expected("true or false");
  return ReadLiteral(value ? "true" : "false");
}

bool JsonScanner::Skip() {
  absl::string_view text;
  double number;
  bool boolean;
  switch (Peek()) {
    case Kind::kObject:
      return ReadObject([&](absl::string_view) { return Skip(); });
    case Kind::kArray:
      return ReadArray([&] { return Skip(); });
    case Kind::kString:
      return ReadString(text);
    case Kind::kNumber: {
      const char* const behind = SkipNumber(next_, end_);
      if (behind == nullptr) return ReadSpecialNumber(number);
      next_ = behind;
      return true;
    }
    case Kind::kBool:
      return ReadBool(boolean);
    case Kind::kNull:
      return ReadLiteral("null");
    case Kind::kNone:
      return Expected("a JSON value");
  }
  return false;
}

bool JsonScanner::Skip(absl::string_view& text) {
  SkipSpace();
  const char* const first = next_;
  if (!Skip()) return false;
  text = absl::string_view(first, static_cast<size_t>(next_ - first));
  return true;
}

bool JsonScanner::ReadEnd() {
  if (!ok()) return false;
  SkipSpace();
  return next_ == end_ || Expected("the end of the file");
}

bool JsonScanner::Expected(absl::string_view what) {
  constexpr size_t kShown = 20;
  SkipSpace();
  const absl::string_view left(next_, static_cast<size_t>(end_ - next_));
  return Fail(absl::StrCat(
      "expected ", what, ", not ",
      left.empty() ? "the end of the file"
                   : absl::StrCat("'", absl::CHexEscape(left.substr(0, kShown)),
                                  left.size() > kShown ? "..." : "", "'")));
}

bool JsonScanner::FailWith(const absl::Status& error) {
  status_.Update(error);
  return false;
}

bool JsonScanner::Explain(absl::string_view more) {
  if (!ok()) {
    status_ =
        absl::Status(status_.code(), absl::StrCat(status_.message(), more));
  }
  return false;
}

bool JsonScanner::FailAt(size_t offset, absl::string_view message) {
  if (ok()) {
    status_ = absl::InvalidArgumentError(
        absl::StrCat("byte ", offset, ": ", message));
  }
  return false;
}

}  // namespace fcis::data
