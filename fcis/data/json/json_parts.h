// Reads the elements of a long JSON array in several parts at once. Where a
// part may begin is guessed ("}, {"), and each guess is confirmed by the part
// before ending exactly there; a wrong one costs time, never the result.
#ifndef FCIS_DATA_JSON_JSON_PARTS_H_
#define FCIS_DATA_JSON_JSON_PARTS_H_

#include <cstddef>
#include <functional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/data/json/json_scanner.h"

namespace fcis::data {

// Of one part: reads one element; false with the scanner's error set.
using ReadElement = std::function<bool(JsonScanner&)>;

struct ArrayParts {
  // The parts 0 to parts - 1, one after another, hold the elements.
  size_t parts = 0;
  size_t end = 0;  // of the array, behind its bracket
};

// `begin`: the '[' of an array in `text`, whose elements are objects. make(i)
// begins part i < parts afresh, and may be called again for the same i; parts
// are made and read in any order, by several threads. Errors: InvalidArgument
// "[<index>]: byte <offset>: <what>" of the first fault in the array.
absl::StatusOr<ArrayParts> ReadArrayParts(
    absl::string_view text, size_t begin, int parts,
    const std::function<ReadElement(size_t part)>& make);

}  // namespace fcis::data

#endif  // FCIS_DATA_JSON_JSON_PARTS_H_
