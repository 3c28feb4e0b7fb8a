#include "fcis/data/json/json_parts.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/within.h"

namespace fcis::data {
namespace {

struct Part {
  size_t begin = 0;
  size_t end = 0;  // the beginning of the next; behind the text for the last
  size_t elements = 0;
  size_t stopped = 0;     // where it stopped
  bool complete = false;  // the array's end has been read
  absl::Status error;     // of element number `elements`
};

// The '{' of what looks like "}, {" at or behind `from`; npos: none.
size_t GuessElement(absl::string_view text, size_t from) {
  static constexpr absl::string_view kSpace = " \n\r\t";
  for (size_t at = text.find('}', from); at != text.npos;
       at = text.find('}', at + 1)) {
    size_t next = text.find_first_not_of(kSpace, at + 1);
    if (next == text.npos || text[next] != ',') continue;
    next = text.find_first_not_of(kSpace, next + 1);
    if (next != text.npos && text[next] == '{') return next;
  }
  return text.npos;
}

std::vector<Part> Split(absl::string_view text, size_t first, int parts) {
  std::vector<Part> split(1);
  split[0].begin = first;
  for (int i = 1; i < parts; ++i) {
    const size_t from = first + (text.size() - first) * static_cast<size_t>(i) /
                                    static_cast<size_t>(parts);
    const size_t begin = GuessElement(text, from);
    if (begin == text.npos || begin <= split.back().begin) continue;
    split.back().end = begin;
    split.emplace_back();
    split.back().begin = begin;
  }
  split.back().end = text.size() + 1;
  return split;
}

// Reads elements until one begins at part.end or behind it.
void ReadPart(absl::string_view text, const ReadElement& read, Part& part) {
  JsonScanner json(text, part.begin);
  bool more = true;
  while (more && read(json)) {
    ++part.elements;
    if (!json.ReadComma(more) || !more) break;
    json.Peek();
    if (json.offset() >= part.end) break;
  }
  part.error = json.status();
  part.stopped = json.offset();
  part.complete = json.ok() && !more;
}

// By induction: the first part begins at an element, and each begins where the
// one before stopped. A part that failed, or met the end of the array, makes
// those behind it void.
bool GuessesWereRight(const std::vector<Part>& parts) {
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (!parts[i].error.ok() || parts[i].complete) return true;
    if (parts[i].stopped != parts[i + 1].begin) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<ArrayParts> ReadArrayParts(
    absl::string_view text, size_t begin, int parts,
    const std::function<ReadElement(size_t part)>& make) {
  ArrayParts result;
  // An empty array.
  JsonScanner json(text, begin + 1);
  json.Peek();
  if (json.offset() < text.size() && text[json.offset()] == ']') {
    result.end = json.offset() + 1;
    return result;
  }
  std::vector<Part> split;
  for (;; parts = 1) {
    split = Split(text, begin + 1, parts);
    ParallelForEach(split.size(), 1, [&](size_t part) {
      ReadPart(text, make(part), split[part]);
    });
    if (GuessesWereRight(split)) break;
  }
  size_t elements = 0;
  for (const Part& part : split) {
    elements += part.elements;
    if (!part.error.ok()) {
      return Within(absl::StrCat("[", elements, "]"), part.error);
    }
    ++result.parts;
    result.end = part.stopped;
    if (part.complete) break;
  }
  return result;
}

}  // namespace fcis::data
