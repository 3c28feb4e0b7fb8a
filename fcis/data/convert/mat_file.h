// Reads numbers from MATLAB's files of version 5 (and 7, which packs them), as
// far as SBD's annotations need it.
#ifndef FCIS_DATA_CONVERT_MAT_FILE_H_
#define FCIS_DATA_CONVERT_MAT_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fcis::data {

struct MatArray {
  int64_t rows = 0, columns = 0;
  std::vector<uint32_t> values;  // column by column
};

// These fields of a variable that is one struct, in their order: matrices of
// whole numbers from 0 on, of any numeric type. `limit`: bytes that the
// variable may have when it is unpacked. Errors, without the file's name: no
// such file (a text, version 7.3, big-endian); no such variable or field;
// another kind of either; damaged; larger than the limit.
absl::StatusOr<std::vector<MatArray>> ReadMatFields(
    absl::string_view file, absl::string_view variable,
    const std::vector<std::string>& fields, uint64_t limit);

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_MAT_FILE_H_
