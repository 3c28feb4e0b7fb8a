#include "fcis/data/json/json_scanner.h"

#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <system_error>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/config/limits.h"
#include "fcis/data/json/json_number.h"

namespace fcis::data {
bool JsonScanner::Enter() {
  if (++depth_ > kMaxJsonDepth) {
    return Fail(absl::StrCat("nested deeper than ", kMaxJsonDepth, " levels"));
  }
  ++next_;
  return true;
}

bool JsonScanner::ReadNewKey(std::vector<Key>& keys, size_t member,
                             absl::string_view& key) {
  const char* const first = next_;
  if (Next() != '"') return Expected("a key in quotes");
  if (!ReadString(key)) return false;
  if (Next() != ':') return Expected("':'");
  ++next_;
  SkipSpace();
  const bool escaped =
      std::less<>()(key.data(), first) || std::less<>()(next_, key.data());
  if (escaped || member > keys.size() || member == kKeys) return true;
  keys.resize(member);
  keys.push_back(
      {absl::string_view(first, static_cast<size_t>(next_ - first)), key});
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
  if (const int length = TakeSmallInteger(next_, end_, number.integer)) {
    number.integral = true;
    number.value = static_cast<double>(number.integer);
    next_ += length;
    return true;
  }
  const Decimal d = TakeApart(next_, end_);
  number = JsonNumber();
  if (d.end == nullptr) return ReadSpecialNumber(number.value);
  number.value = Value(next_, d);
  constexpr double kTwo63 = 9223372036854775808.0;
  constexpr int kExactDigits = 18;
  if (d.fraction == 0 && !d.has_exponent && d.count <= kExactDigits) {
    const auto digits = static_cast<int64_t>(d.digits);
    number.integral = true;
    number.integer = d.negative ? -digits : digits;
  } else if (d.fraction == 0 && !d.has_exponent) {
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

bool JsonScanner::ReadInteger(absl::string_view what, int64_t& value) {
  JsonNumber number;
  if (Peek() != Kind::kNumber) return Expected(what);
  if (!ReadNumber(number)) return false;
  value = number.integer;
  return number.integral || Fail("not an integer");
}

bool JsonScanner::ReadNumbers(std::vector<double>& values) {
  return ReadArray([&] {
    next_ = TakeNumbers(next_, end_, values);
    values.emplace_back();
    return ReadNumber(values.back());
  });
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
      return ReadArray([&] {
        next_ = SkipNumbers(next_, end_);
        return Skip();
      });
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
  // Quotes are half of JSON, and mean nothing here.
  const std::string shown = absl::StrReplaceAll(
      absl::CHexEscape(left.substr(0, kShown)), {{"\\\"", "\""}, {"\\'", "'"}});
  return Fail(absl::StrCat(
      "expected ", what, ", not ",
      left.empty()
          ? "the end of the file"
          : absl::StrCat("'", shown, left.size() > kShown ? "..." : "", "'")));
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
