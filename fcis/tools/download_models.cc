// Fetches models; the same as download models.
#include <string>
#include <vector>

#include "fcis/core/cli/main.h"
#include "fcis/tools/download_command.h"

int main(int argc, char** argv) {
  fcis::Program program;
  program.name = "download_models";
  program.arguments = "[flags] [name]...";
  program.summary = "Fetches models, verified. The same as: download models.";
  program.groups = fcis::tools::DownloadFlagGroups();
  program.short_flags = fcis::tools::DownloadShortFlags();
  return fcis::Main(
      argc, argv, program, [](const std::vector<std::string>& arguments) {
        return fcis::tools::RunDownload(fcis::DownloadItem::MODEL, arguments);
      });
}
