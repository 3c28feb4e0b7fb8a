// What the download programs share: flags, and the run itself.
#ifndef FCIS_TOOLS_DOWNLOAD_COMMAND_H_
#define FCIS_TOOLS_DOWNLOAD_COMMAND_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fcis/core/cli/main.h"
#include "fcis/data/download/manifest.h"

namespace fcis::tools {

// The groups of this library's flags, and their short names, for a help page.
std::vector<Program::FlagGroup> DownloadFlagGroups();
ShortFlags DownloadShortFlags();

// The data sets whose flags are set: "train2014", ..., "2017", "all".
std::vector<std::string> DataSetsFromFlags();

// Fetches the items and groups of these names as the flags say, or lists them.
// No name: the default model; for data sets a UsageError.
absl::Status RunDownload(DownloadItem::Kind kind,
                         std::vector<std::string> names);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_DOWNLOAD_COMMAND_H_
