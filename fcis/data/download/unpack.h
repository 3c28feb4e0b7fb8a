// Reads zip and tar archives that came from outside (libarchive): checked
// whole, and unpacked by a list of what is wanted.
#ifndef FCIS_DATA_DOWNLOAD_UNPACK_H_
#define FCIS_DATA_DOWNLOAD_UNPACK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/limits.h"
#include "fcis/data/download/manifest.pb.h"

namespace fcis::data {

using UnpackRules = google::protobuf::RepeatedPtrField<UnpackRule>;

// The names of the entries. Reads all of them to the end, which compares their
// checksums. Errors name the archive and the entry: cut off, damaged, unsafe,
// beyond a limit.
absl::StatusOr<std::vector<std::string>> CheckArchive(
    const std::string& archive, const ArchiveLimits& limits = {});

// One file that came out: relative to the root, and its bytes.
struct UnpackedFile {
  std::string path;
  int64_t size = 0;
};

// Brings the entries that a rule names to their places under `root`. A file
// that has its size already stays, so that a broken off run goes on where it
// was; another one of that name is set aside as <name>.mismatch. Each file has
// its name only once it is on the disk; until then it is <name>.part.
//
// The whole archive is refused, before anything is written, for an entry with
// an absolute name or "..", a link or a device, two entries for one place, no
// entry for a rule, or more than ArchiveLimits; also when the disk has
// too little space. Errors name the archive and the entry.
absl::StatusOr<std::vector<UnpackedFile>> Unpack(const std::string& archive,
                                                 const UnpackRules& rules,
                                                 const std::string& root);

}  // namespace fcis::data

#endif  // FCIS_DATA_DOWNLOAD_UNPACK_H_
