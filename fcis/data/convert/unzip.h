// Unpacks the zip archive that a tool exports.
#ifndef FCIS_DATA_CONVERT_UNZIP_H_
#define FCIS_DATA_CONVERT_UNZIP_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/config/limits.h"

namespace fcis::data {

// Writes the archive's files below `directory`, made if need be, over what is
// there, and returns their paths, sorted. Errors name archive and entry. Before
// anything is written: ListZip's; a name that is absolute or has ".."; two
// entries of one name; more entries or bytes than `limits` has. Then: what is
// damaged, and the disk.
absl::StatusOr<std::vector<std::string>> Unzip(
    const std::string& archive, const std::string& directory,
    const ArchiveLimits& limits = {});

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_UNZIP_H_
