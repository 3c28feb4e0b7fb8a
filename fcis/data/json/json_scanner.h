// Reads JSON text in one pass without building a tree: COCO files of hundreds
// of megabytes at gigabytes a second. Accepts what Python's json.load accepts
// (NaN, Infinity and -Infinity included), with a cap on nesting; results equal
// RapidJSON's (the test compares).
//
//   JsonScanner json(text);
//   json.ReadArray([&] {
//     return json.ReadObject([&](absl::string_view key) {
//       if (key == "score") return json.ReadNumber(score);
//       return json.Skip();
//     });
//   }) && json.ReadEnd();
//   RETURN_IF_ERROR(json.status());
//
// Every Read returns false after an error, and the first error stays.
#ifndef FCIS_DATA_JSON_JSON_SCANNER_H_
#define FCIS_DATA_JSON_JSON_SCANNER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fcis::data {

// A number as it was written: "3" and "3.0" and "3e0" are integral, "3.5" and
// numbers outside int64 are not.
struct JsonNumber {
  double value = 0;
  bool integral = false;
  int64_t integer = 0;
};

class JsonScanner {
 public:
  enum class Kind { kObject, kArray, kString, kNumber, kBool, kNull, kNone };

  // `text` must outlive the scanner. Starts at byte `begin`.
  explicit JsonScanner(absl::string_view text, size_t begin = 0)
      : begin_(text.data()),
        next_(text.data() + begin),
        end_(text.data() + text.size()) {}

  // What stands next, behind whitespace; kNone: the end, or no JSON.
  Kind Peek() {
    const char c = Next();
    return c == '{'               ? Kind::kObject
           : c == '['             ? Kind::kArray
           : c == '"'             ? Kind::kString
           : c >= '0' && c <= '9' ? Kind::kNumber
                                  : PeekRare(c);
  }

  // field(key) must read the value. The key is valid until the next string is
  // read.
  template <typename Field>
  bool ReadObject(Field&& field);

  // element() must read the value.
  template <typename Element>
  bool ReadArray(Element&& element);

  // Without escapes a view of the text, else one of memory that the next string
  // with escapes overwrites. Lone surrogates become U+FFFD.
  bool ReadString(absl::string_view& value) {
    return ReadString(value, unescaped_);
  }
  // The same with the caller's memory for what has escapes.
  bool ReadString(absl::string_view& value, std::string& unescaped);

  // Correctly rounded, whatever the number of digits; 1e999 is infinite.
  bool ReadNumber(double& value);
  bool ReadNumber(JsonNumber& value);

  // An integer of int64; 3.0 counts as one. `what` stands in the error: "the
  // length of a run".
  bool ReadInteger(absl::string_view what, int64_t& value);

  // An array of numbers, appended to `values`.
  bool ReadNumbers(std::vector<double>& values);

  bool ReadBool(bool& value);

  // Any value; its text, to be scanned later.
  bool Skip();
  bool Skip(absl::string_view& text);

  // Only whitespace may follow.
  bool ReadEnd();

  // Of an array whose elements are read one by one, from its middle on: behind
  // a value, moves behind the comma (true, more = true) or behind the closing
  // bracket (true, more = false).
  bool ReadComma(bool& more);

  // Records an error at the current position.
  bool Fail(absl::string_view message) { return FailAt(offset(), message); }
  bool FailAt(size_t offset, absl::string_view message);
  // Takes over the error of a scanner that read a part of the text.
  bool FailWith(const absl::Status& error);
  // Says more at the end of the error, if there is one; false.
  bool Explain(absl::string_view more);
  // "expected <what>", and what stands there instead.
  bool Expected(absl::string_view what);

  // InvalidArgument "byte <offset>: <message>".
  const absl::Status& status() const { return status_; }
  bool ok() const { return status_.ok(); }

  // Bytes from the beginning of the text.
  size_t offset() const { return static_cast<size_t>(next_ - begin_); }
  // Goes on behind a value that was read by other means.
  void Seek(size_t offset) { next_ = begin_ + offset; }

  // Where a value begins that may turn out to be of another type.
  struct Place {
    const char* next;
    int depth;
  };
  Place place() {
    SkipSpace();
    return {next_, depth_};
  }
  // Goes back there and forgets the error met since; there was none before.
  void GoBack(const Place& place) {
    next_ = place.next;
    depth_ = place.depth;
    status_ = absl::OkStatus();
  }

 private:
  void SkipSpace() {
    while (next_ != end_ && (*next_ == ' ' || *next_ == '\n' ||
                             *next_ == '\r' || *next_ == '\t')) {
      ++next_;
    }
  }
  // The next character behind whitespace; 0 at the end.
  char Next() {
    SkipSpace();
    return next_ == end_ ? '\0' : *next_;
  }
  static Kind PeekRare(char c) {
    return c == '-' || c == 'N' || c == 'I' ? Kind::kNumber
           : c == 't' || c == 'f'           ? Kind::kBool
           : c == 'n'                       ? Kind::kNull
                                            : Kind::kNone;
  }
  bool Enter();
  // A key with the text around it, from where it was looked for to its value.
  struct Key {
    absl::string_view text, key;
  };
  static constexpr size_t kKeys = 32;  // at most so many of an object
  // Records are written alike: where the text of the last object's key stands
  // again, it need not be taken apart again.
  bool ReadKey(size_t member, absl::string_view& key) {
    std::vector<Key>& keys = keys_[static_cast<size_t>(depth_) % keys_.size()];
    if (member < keys.size()) {
      const Key& last = keys[member];
      if (Follows(last.text)) {
        next_ += last.text.size();
        key = last.key;
        return true;
      }
    }
    return ReadNewKey(keys, member, key);
  }
  // Whether the text stands next. Faster than a call of memcmp.
  bool Follows(absl::string_view text) const {
    constexpr size_t kWord = 8;
    if (static_cast<size_t>(end_ - next_) < text.size()) return false;
    const auto differ = [&](size_t at) {
      return std::memcmp(next_ + at, text.data() + at, kWord) != 0;
    };
    if (text.size() < kWord) {
      return std::memcmp(next_, text.data(), text.size()) == 0;
    }
    for (size_t at = 0; at + kWord < text.size(); at += kWord) {
      if (differ(at)) return false;
    }
    return !differ(text.size() - kWord);
  }
  bool ReadNewKey(std::vector<Key>& keys, size_t member,
                  absl::string_view& key);
  bool ReadLiteral(absl::string_view literal);
  bool ReadEscapes(std::string& out);
  bool ReadEscape(std::string& out);
  bool ReadHex4(uint32_t& code);
  bool ReadSpecialNumber(double& value);

  const char* begin_;
  const char* next_;
  const char* end_;
  int depth_ = 0;
  // Of the objects read last, by depth and member.
  std::array<std::vector<Key>, 4> keys_;
  std::string unescaped_;
  absl::Status status_;
};

template <typename Field>
bool JsonScanner::ReadObject(Field&& field) {
  if (Next() != '{') return Expected("an object");
  if (!Enter()) return false;
  if (Next() == '}') {
    ++next_;
  } else {
    for (size_t member = 0;; ++member) {
      absl::string_view key;
      if (!ReadKey(member, key) || !field(key) || !ok()) return false;
      const char c = Next();
      if (c == ',') {
        ++next_;
        continue;
      }
      if (c != '}') return Expected("',' or '}'");
      ++next_;
      break;
    }
  }
  --depth_;
  return true;
}

template <typename Element>
bool JsonScanner::ReadArray(Element&& element) {
  if (Next() != '[') return Expected("an array");
  if (!Enter()) return false;
  if (Next() == ']') {
    ++next_;
  } else {
    for (bool more = true; more;) {
      if (!element() || !ok() || !ReadComma(more)) return false;
    }
  }
  --depth_;
  return true;
}

}  // namespace fcis::data

#endif  // FCIS_DATA_JSON_JSON_SCANNER_H_
