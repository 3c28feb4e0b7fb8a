// Pictures with outlines as other tools' files hold them, on the way to COCO's
// format.
#ifndef FCIS_DATA_CONVERT_FOREIGN_SET_H_
#define FCIS_DATA_CONVERT_FOREIGN_SET_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/coco/record_problems.h"

namespace fcis::data {

// Vertices x0, y0, x1, y1, ..., in pixels unless the picture says otherwise.
using Polygon = std::vector<double>;

struct ForeignObject {
  std::string name;               // of its class
  std::vector<Polygon> polygons;  // its parts; none: `mask` is its outline
  Rle mask;                       // of the picture's size, once it is complete
  bool crowd = false, ignore = false;
  std::string where;  // in its file, for messages: "shapes[3]"
};

struct ForeignPicture {
  std::string source;  // the file that describes it, for messages
  std::string path;    // of its own file; "": only `embedded`
  std::string name;    // of the file, without directories
  std::function<absl::StatusOr<std::string>()> embedded;  // its file's bytes
  int64_t height = -1, width = -1;  // as the source says; -1: it does not
  bool relative = false;   // polygons are in shares of width and height
  bool validates = false;  // the source has it in its validation part
  std::vector<ForeignObject> objects;
};

// What was left out or changed, by reason, in the order in which reasons were
// met.
class ConversionNotes {
 public:
  static constexpr size_t kExamples = 5;

  // `reason`: "objects without a pixel in their picture, left out".
  void Add(absl::string_view reason, const std::string& example);
  // A line for each reason: its number, the reason, the first examples.
  std::string ToText() const;

 private:
  struct Entry {
    std::string reason;
    int64_t count = 0;
    std::vector<std::string> examples;
  };
  std::vector<Entry> entries_;
};

struct ForeignSet {
  std::vector<std::string> classes;  // in the source's order, each once
  std::vector<ForeignPicture> pictures;
  ConversionNotes notes;
  RecordProblems problems;  // what is no annotation of the format

  // Appends `name` to the classes unless it is there.
  void AddClass(const std::string& name);
  // Appends a picture and the classes of its objects, or notes what is wrong
  // with the file that describes it, which the note names.
  void Take(const std::string& file, absl::StatusOr<ForeignPicture> picture);
};

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_FOREIGN_SET_H_
