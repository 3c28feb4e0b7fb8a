#include "fcis/tools/download_command.h"

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/io/file.h"
#include "fcis/data/coco/data_flags.h"
#include "fcis/data/coco/split_dataset.h"
#include "fcis/data/download/fetcher.h"
#include "fcis/data/download/manifest.h"

ABSL_FLAG(bool, dry_run, false,
          "Say what would be fetched from where; write nothing.");
ABSL_FLAG(std::string, url, "",
          "Fetch the one named item from this address or local file instead; "
          "it is verified all the same.");
ABSL_FLAG(std::string, manifest, "",
          "A list of downloads (text protobuf) instead of the built-in one.");

ABSL_FLAG(bool, train2014, false, "Pictures and annotations of train2014.");
ABSL_FLAG(bool, val2014, false, "Pictures and annotations of val2014.");
ABSL_FLAG(bool, minival2014, false,
          "5000 of val2014 (the same as val2017): all its pictures, and the "
          "annotations of these.");
ABSL_FLAG(bool, valminusminival2014, false, "val2014 without minival2014.");
ABSL_FLAG(bool, test2014, false, "Pictures and their list of test2014.");
ABSL_FLAG(bool, test2015, false, "Pictures and their list of test2015.");
ABSL_FLAG(bool, train, false,
          "What training reads: train2014 and valminusminival2014.");
ABSL_FLAG(bool, val, false, "val2014 and minival2014.");
ABSL_FLAG(bool, minival, false, "minival2014.");
ABSL_FLAG(bool, train2017, false, "Pictures and annotations of train2017.");
ABSL_FLAG(bool, val2017, false, "Pictures and annotations of val2017.");
ABSL_FLAG(bool, 2017, false, "train2017 and val2017.");
ABSL_FLAG(bool, all, false, "Everything of 2014 and 2015.");

namespace fcis::tools {
namespace {

const std::vector<std::string>& DataSetFlags() {
  static const auto& names = *new std::vector<std::string>{
      "train2014", "val2014",  "minival2014", "valminusminival2014",
      "test2014",  "test2015", "train2017",   "val2017",
      "train",     "val",      "minival",     "2017",
      "all"};
  return names;
}

absl::StatusOr<DownloadManifest> ManifestFromFlags() {
  const std::string path = ResolvePath(absl::GetFlag(FLAGS_manifest));
  if (path.empty()) return data::BuiltinManifest();
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return data::ParseManifest(text, path);
}

std::string DirectoryFromFlags(DownloadItem::Kind kind) {
  const std::string directory = absl::GetFlag(FLAGS_data_dir);
  if (!directory.empty()) return ResolvePath(directory);
  return ResolvePath(kind == DownloadItem::MODEL ? "~/data/models"
                                                 : "~/data/datasets/coco");
}

// --url takes the place of the one item's sources.
absl::Status ApplyUrl(std::vector<DownloadItem>* items) {
  std::string url = absl::GetFlag(FLAGS_url);
  if (url.empty()) return absl::OkStatus();
  if (items->size() != 1) {
    return UsageError(
        absl::StrCat("--url is for one file; these are ", items->size()));
  }
  if (!absl::StrContains(url, "://")) url = "file://" + ResolvePath(url);
  DownloadSource source;
  source.set_url(url);
  // Who names the address decides.
  source.set_allow_http(true);
  items->front().clear_source();
  items->front().clear_else_split();
  *items->front().add_source() = source;
  return absl::OkStatus();
}

void PrintList(const DownloadManifest& manifest, DownloadItem::Kind kind) {
  for (const DownloadItem& item : manifest.item()) {
    if (item.kind() != kind) continue;
    absl::PrintF("%s\n    %s\n", item.name(), item.file());
    for (const DownloadSource& source : item.source()) {
      absl::PrintF("    %s\n", source.url());
    }
    for (const std::string& text : {item.note(), item.licence()}) {
      if (!text.empty()) absl::PrintF("    %s\n", text);
    }
  }
}

// The data sets whose flags are set.
std::vector<std::string> DataSetsFromFlags() {
  std::vector<std::string> names;
  for (const std::string& name : DataSetFlags()) {
    const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    if (flag->TryGet<bool>().value_or(false)) names.push_back(name);
  }
  return names;
}

// Fetches the items and groups of these names as the flags say, or lists them.
// No name: the default model; for data sets a UsageError.
absl::Status Download(DownloadItem::Kind kind, std::vector<std::string> names) {
  ASSIGN_OR_RETURN(const DownloadManifest manifest, ManifestFromFlags());
  if (absl::GetFlag(FLAGS_list)) {
    PrintList(manifest, kind);
    return absl::OkStatus();
  }
  const std::vector<std::string> sets = DataSetsFromFlags();
  if (kind == DownloadItem::MODEL && !sets.empty()) {
    return UsageError(absl::StrCat("--", sets[0], " is a data set, no model"));
  }
  names.insert(names.end(), sets.begin(), sets.end());
  if (names.empty()) {
    const DownloadItem* model = data::FirstItem(manifest, DownloadItem::MODEL);
    if (kind == DownloadItem::DATASET || model == nullptr) {
      return UsageError(
          "expected what to download, such as --val2014 (--help)");
    }
    names = {model->name()};
  }
  ASSIGN_OR_RETURN(std::vector<DownloadItem> items,
                   data::SelectItems(manifest, kind, names));
  RETURN_IF_ERROR(ApplyUrl(&items));
  data::DownloadOptions options = data::TerminalOptions();
  options.split_minival = data::SplitMinival2014;
  data::Fetcher fetcher(DirectoryFromFlags(kind), std::move(options));
  if (absl::GetFlag(FLAGS_dry_run)) {
    for (const DownloadItem& item : items) {
      PrintLine(stdout, fetcher.Plan(item));
    }
    return absl::OkStatus();
  }
  return data::FetchItems(manifest, items, &fetcher,
                          [](const std::string& path) {
                            PrintLine(stdout, path);
                            std::fflush(stdout);
                          });
}

// download models ..., download datasets ...
absl::Status DownloadEither(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    return UsageError("expected what to download: models or datasets");
  }
  const std::vector<std::string> names(arguments.begin() + 1, arguments.end());
  if (arguments[0] == "models") return Download(DownloadItem::MODEL, names);
  if (arguments[0] == "datasets") return Download(DownloadItem::DATASET, names);
  return UsageError(
      absl::StrCat("expected models or datasets, not '", arguments[0], "'",
                   DidYouMean(arguments[0], {"models", "datasets"})));
}

Program MakeProgram() {
  Program program;
  program.name = "download";
  program.arguments = "models|datasets [flags] [name]...";
  program.summary =
      "Fetches models and COCO's data sets, verifies and unpacks them. What "
      "broke off goes on where it was; what is there already is verified and "
      "stays.";
  program.groups = {
      {"Data sets", DataSetFlags()},
      {"How", {"data_dir", "dry_run", "list", "url", "manifest"}}};
  program.short_flags = {{'d', "data_dir"}};
  program.texts = {
      {"data_dir",
       "Where the files go. Default: ~/data/datasets/coco for data sets, "
       "~/data/models for models."},
      {"list", "List everything that can be fetched."}};
  program.defaults = {{"data_dir", ""}};
  program.examples = {"download models", "download models fcis_coco --dry_run",
                      "download datasets --val -d /data/coco",
                      "download models fcis_coco --url ~/fcis_coco.npz"};
  return program;
}

}  // namespace

int DownloadMain(int argc, char** argv) {
  return Main(argc, argv, MakeProgram(), DownloadEither);
}

int DownloadMain(int argc, char** argv, DownloadItem::Kind kind) {
  const std::string what = kind == DownloadItem::MODEL ? "models" : "datasets";
  Program program = MakeProgram();
  program.name = absl::StrCat("download_", what);
  program.arguments = "[flags] [name]...";
  program.summary = absl::StrCat(
      "Fetches ", what, ", verified. The same as: download ", what, ".");
  if (kind == DownloadItem::MODEL) program.groups.erase(program.groups.begin());
  program.examples.clear();
  return Main(argc, argv, program,
              [kind](const std::vector<std::string>& names) {
                return Download(kind, names);
              });
}

}  // namespace fcis::tools
