// The programs that fetch models and data sets.
#ifndef FCIS_TOOLS_DOWNLOAD_COMMAND_H_
#define FCIS_TOOLS_DOWNLOAD_COMMAND_H_

#include "fcis/data/download/manifest.h"

namespace fcis::tools {

// download, whose first argument is models or datasets. Returns the exit code.
int DownloadMain(int argc, char** argv);

// download_models or download_datasets: the same without that argument.
int DownloadMain(int argc, char** argv, DownloadItem::Kind kind);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_DOWNLOAD_COMMAND_H_
