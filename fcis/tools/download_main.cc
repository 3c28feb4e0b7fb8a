// Fetches models and data sets: download models|datasets.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/tools/download_command.h"

namespace fcis::tools {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "download";
  program.arguments = "models|datasets [flags] [name]...";
  program.summary =
      "Fetches models and COCO's data sets, verifies and unpacks them. What "
      "broke off goes on where it was; what is there already is verified and "
      "stays.";
  program.groups = DownloadFlagGroups();
  program.short_flags = DownloadShortFlags();
  program.examples = {"download models", "download models fcis_coco --dry_run",
                      "download datasets --val -d /data/coco",
                      "download models fcis_coco --url ~/fcis_coco.npz"};
  return program;
}

absl::Status Run(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    return UsageError("expected what to download: models or datasets");
  }
  const std::vector<std::string> names(arguments.begin() + 1, arguments.end());
  if (arguments[0] == "models") {
    return RunDownload(DownloadItem::MODEL, names);
  }
  if (arguments[0] == "datasets") {
    return RunDownload(DownloadItem::DATASET, names);
  }
  return UsageError(
      absl::StrCat("expected models or datasets, not '", arguments[0], "'",
                   DidYouMean(arguments[0], {"models", "datasets"})));
}

}  // namespace
}  // namespace fcis::tools

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::tools::MakeProgram(), fcis::tools::Run);
}
