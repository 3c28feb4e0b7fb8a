#include "fcis/data/coco/results.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/data/json/json_scanner.h"

namespace fcis {
namespace {

using Kind = JsonScanner::Kind;

bool ReadScore(JsonScanner& json, double& score) {
  if (json.Peek() != Kind::kNumber) return json.Expected("a score, a number");
  if (!json.ReadNumber(score)) return false;
  return std::isfinite(score) || json.Fail("the score is not finite");
}

bool ReadBbox(JsonScanner& json, CocoResult& result) {
  double numbers[4];
  int n = 0;
  const bool read = json.ReadArray([&] {
    double extra;
    return json.ReadNumber(n < 4 ? numbers[n++] : (++n, extra));
  });
  if (!read) return false;
  result.has_bbox = true;
  result.empty_bbox = n == 0;
  if (n == 0) return true;
  if (n != 4) return json.Fail("\"bbox\": expected [x, y, width, height]");
  result.bbox = {numbers[0], numbers[1], numbers[2], numbers[3]};
  return true;
}

bool ReadResult(JsonScanner& json, bool read_segmentation, CocoResult& result) {
  result.has_bbox = result.empty_bbox = result.has_segmentation = false;
  bool has_image = false, has_category = false, has_score = false;
  if (json.Peek() != Kind::kObject) return json.Expected("an object");
  const bool read = json.ReadObject([&](absl::string_view key) {
    if (key == "image_id") {
      has_image = true;
      return ReadRecordId(json, result.image_id);
    }
    if (key == "category_id") {
      has_category = true;
      return ReadRecordId(json, result.category_id);
    }
    if (key == "score") {
      has_score = true;
      return ReadScore(json, result.score);
    }
    if (key == "bbox") return ReadBbox(json, result);
    if (key == "segmentation") {
      result.has_segmentation = json.Peek() != Kind::kNull;
      return read_segmentation ? ReadSegmentation(json, result.segmentation)
                               : json.Skip();
    }
    return json.Skip();
  });
  if (!read) return false;
  if (!has_image) return json.Fail("the detection has no \"image_id\"");
  if (!has_category) return json.Fail("the detection has no \"category_id\"");
  return has_score || json.Fail("the detection has no \"score\"");
}

// Where a piece of the list begins: behind the opening bracket for the first,
// at an element for the others, if the guess was right.
struct Part {
  size_t begin = 0;
  size_t end = 0;  // the beginning of the next; behind the text for the last
  std::unique_ptr<ResultsSink> sink;
  size_t elements = 0;
  size_t stopped = 0;     // where it stopped
  bool complete = false;  // the list's end has been read
  absl::Status error;     // "byte ...: ...", of element number `elements`
};

class Reader {
 public:
  Reader(absl::string_view text, absl::string_view path,
         const ResultsOptions& options, const MakeResultsSink& make_sink)
      : text_(text), path_(path), options_(options), make_sink_(make_sink) {}

  absl::StatusOr<std::vector<std::unique_ptr<ResultsSink>>> Read();

 private:
  void Split(size_t first, int parts);
  void ReadPart(Part& part);
  bool GuessesWereRight() const;
  absl::Status Error(size_t element, const absl::Status& error) const;

  const absl::string_view text_, path_;
  const ResultsOptions& options_;
  const MakeResultsSink& make_sink_;
  std::vector<Part> parts_;
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

void Reader::Split(size_t first, int parts) {
  parts_.clear();
  parts_.emplace_back();
  parts_[0].begin = first;
  for (int i = 1; i < parts; ++i) {
    const size_t from = first + (text_.size() - first) *
                                    static_cast<size_t>(i) /
                                    static_cast<size_t>(parts);
    const size_t begin = GuessElement(text_, from);
    if (begin == text_.npos || begin <= parts_.back().begin) continue;
    parts_.back().end = begin;
    parts_.emplace_back();
    parts_.back().begin = begin;
  }
  parts_.back().end = text_.size() + 1;
}

// Reads elements until one begins at part.end or behind it.
void Reader::ReadPart(Part& part) {
  part.sink = make_sink_();
  JsonScanner json(text_, part.begin);
  CocoResult result;
  bool more = true;
  while (more) {
    const size_t at = json.offset();
    if (!ReadResult(json, options_.read_segmentation, result)) break;
    const absl::Status added = part.sink->Add(result);
    if (!added.ok()) {
      part.error = absl::Status(
          added.code(), absl::StrCat("byte ", at, ": ", added.message()));
      return;
    }
    ++part.elements;
    if (!json.ReadComma(more)) break;
    if (!more) break;
    json.Peek();
    if (json.offset() >= part.end) break;
  }
  part.error = json.status();
  part.stopped = json.offset();
  part.complete = json.ok() && !more;
  if (part.complete && !json.ReadEnd()) part.error = json.status();
}

// By induction: the first part begins at an element, and each begins where the
// one before stopped. A part that failed, or met the end of the list, makes
// those behind it void.
bool Reader::GuessesWereRight() const {
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (!parts_[i].error.ok() || parts_[i].complete) return true;
    if (i + 1 == parts_.size()) return true;
    if (parts_[i].stopped != parts_[i + 1].begin) return false;
  }
  return true;
}

absl::Status Reader::Error(size_t element, const absl::Status& error) const {
  return absl::Status(error.code(), absl::StrCat(path_, ": results[", element,
                                                 "]: ", error.message()));
}

// Behind the opening bracket; `empty`: nothing is in the list.
absl::Status OpenList(absl::string_view text, absl::string_view path,
                      size_t& first, bool& empty) {
  JsonScanner json(text);
  if (json.Peek() != Kind::kArray) {
    json.Expected("a list of detections");
  } else {
    first = json.offset() + 1;
    JsonScanner inner(text, first);
    inner.Peek();
    empty = inner.offset() < text.size() && text[inner.offset()] == ']';
    if (!empty) return absl::OkStatus();
    if (json.Skip() && json.ReadEnd()) return absl::OkStatus();
  }
  return absl::Status(json.status().code(),
                      absl::StrCat(path, ": ", json.status().message()));
}

absl::StatusOr<std::vector<std::unique_ptr<ResultsSink>>> Reader::Read() {
  size_t first = 0;
  bool empty = false;
  std::vector<std::unique_ptr<ResultsSink>> sinks;
  RETURN_IF_ERROR(OpenList(text_, path_, first, empty));
  if (empty) {
    sinks.push_back(make_sink_());
    return sinks;
  }
  for (int parts = options_.parts;; parts = 1) {
    Split(first, parts);
    ParallelFor(static_cast<int64_t>(parts_.size()), 1,
                [&](int64_t begin, int64_t end) {
                  for (int64_t i = begin; i < end; ++i) {
                    ReadPart(parts_[static_cast<size_t>(i)]);
                  }
                });
    if (GuessesWereRight()) break;
  }
  size_t elements = 0;
  for (Part& part : parts_) {
    elements += part.elements;
    if (!part.error.ok()) return Error(elements, part.error);
    sinks.push_back(std::move(part.sink));
    if (part.complete) break;
  }
  return sinks;
}

}  // namespace

absl::StatusOr<bool> ReadFirstResult(absl::string_view text,
                                     absl::string_view path,
                                     CocoResult& result) {
  size_t first = 0;
  bool empty = false;
  RETURN_IF_ERROR(OpenList(text, path, first, empty));
  if (empty) return false;
  JsonScanner json(text, first);
  if (!ReadResult(json, /*read_segmentation=*/true, result)) {
    return absl::Status(
        json.status().code(),
        absl::StrCat(path, ": results[0]: ", json.status().message()));
  }
  return true;
}

absl::StatusOr<std::vector<std::unique_ptr<ResultsSink>>> ReadResults(
    absl::string_view text, absl::string_view path,
    const ResultsOptions& options, const MakeResultsSink& make_sink) {
  return Reader(text, path, options, make_sink).Read();
}

}  // namespace fcis
