// Results must not replace what they were made of.
#ifndef FCIS_TOOLS_KEEP_PICTURES_H_
#define FCIS_TOOLS_KEEP_PICTURES_H_

#include <string>

#include "absl/status/status.h"
#include "fcis/tools/picture_list.h"

namespace fcis::tools {

// OK when no <directory>/<stem>.png is one of the pictures themselves; else a
// UsageError: a result must not replace what it was made of.
absl::Status CheckKeepsPictures(const PictureList& list,
                                const std::string& directory);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_KEEP_PICTURES_H_
