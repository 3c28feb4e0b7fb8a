// Changes to PNG files that leave their checksums right, for fuzz tests: of
// what mutations of bytes make, the decoder looks at the first checksum only.
#ifndef FCIS_CORE_TESTING_PNG_MUTATOR_H_
#define FCIS_CORE_TESTING_PNG_MUTATOR_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace fcis {

// The file with one change, which `seed` chooses: a chunk is left out,
// repeated, moved, cut or has another byte; a number of the header is another
// one that PNG knows; the pixels, unpacked, have another byte or are fewer.
// Every chunk has its checksum then. What is no PNG file comes back as it is.
std::string MutatePng(absl::string_view file, uint32_t seed);

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_PNG_MUTATOR_H_
