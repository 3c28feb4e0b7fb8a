// Opens a JSON file, as it is or compressed.
#ifndef FCIS_DATA_JSON_OPEN_JSON_H_
#define FCIS_DATA_JSON_OPEN_JSON_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "fcis/core/io/file.h"

namespace fcis::data {

// The file's text, mapped; of a gzip file, which its first bytes tell, what is
// packed in it. A byte order mark of UTF-8 becomes blanks. Errors name the
// file: those of MappedFile; it is something else by its first bytes (a zip
// archive, UTF-16, an HTML page, ...); a damaged gzip file, or one of more than
// 64 MiB that is packed to less than a 200th, which no annotations are. The
// text need not be JSON.
absl::StatusOr<std::shared_ptr<const MappedFile>> OpenJson(
    const std::string& path);

}  // namespace fcis::data

#endif  // FCIS_DATA_JSON_OPEN_JSON_H_
