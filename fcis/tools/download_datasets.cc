// Fetches datasets; the same as download datasets.
#include <string>
#include <vector>

#include "fcis/core/cli/main.h"
#include "fcis/tools/download_command.h"

int main(int argc, char** argv) {
  fcis::Program program;
  program.name = "download_datasets";
  program.arguments = "[flags] [name]...";
  program.summary =
      "Fetches datasets, verified. The same as: download datasets.";
  program.groups = fcis::tools::DownloadFlagGroups();
  program.short_flags = fcis::tools::DownloadShortFlags();
  return fcis::Main(
      argc, argv, program, [](const std::vector<std::string>& arguments) {
        return fcis::tools::RunDownload(fcis::DownloadItem::DATASET, arguments);
      });
}
