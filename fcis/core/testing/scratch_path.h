// Where fuzz targets write, which have no GoogleTest to ask.
#ifndef FCIS_CORE_TESTING_SCRATCH_PATH_H_
#define FCIS_CORE_TESTING_SCRATCH_PATH_H_

#include <string>

#include "absl/strings/string_view.h"

namespace fcis {

// `name` in the test's own directory; in /tmp where a fuzzer runs by itself.
std::string ScratchPath(absl::string_view name);

// A new directory there, whose name begins so; CHECKs that it could be made.
std::string NewScratchDirectory(absl::string_view name);

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_SCRATCH_PATH_H_
