// Looks over a data set in COCO's format before it is trained on.
#include "fcis/data/loader/check_dataset.h"

#include <cstdint>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/output_directory.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/io/file.h"
#include "fcis/core/progress/progress.h"
#include "fcis/data/coco/data_flags.h"
#include "fcis/data/coco/splits.h"
#include "fcis/model/cli/model_flags.h"
#include "fcis/tools/dataset_look.h"
#include "fcis/tools/dataset_page.h"

ABSL_FLAG(std::string, html, "",
          "Write a page to this file that shows the data set: counts and sizes "
          "by class, what is odd in it, and pictures with their masks.");
ABSL_FLAG(int, gallery, 60, "Pictures on that page, at most.");

namespace fcis::tools {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "check_dataset";
  program.arguments = "[--ann_file A --image_dir D] [flags]";
  program.summary =
      "Opens every picture of a data set, decodes every mask and tells what "
      "training would leave out and why, with the first ids of each kind. "
      "Exit code 3: training or an evaluation would refuse the data set, for "
      "pictures are missing, damaged or of another size than the annotations "
      "say, nothing is left to train on, or for bad annotations, unless they "
      "are "
      "skipped there as well.";
  program.groups = {{"Data",
                     {"ann_file", "image_dir", "data_dir", "bad_annotations",
                      "max_messages"}},
                    {"Preparation", {"min_size", "max_size"}},
                    {"Output", {"output_json", "html", "gallery"}},
                    {"Computing", {"threads"}}};
  program.texts = {
      {"ann_file",
       "Annotations of any data set, with --image_dir. Default: COCO's "
       "train2014 and valminusminival2014 under --data_dir."},
      {"min_size",
       "Short side of prepared pictures; boxes that vanish there count as left "
       "out."},
      {"max_size", "Limit of their long side."}};
  program.defaults = {{"min_size", "600"}, {"max_size", "1000"}};
  program.examples = {
      "check_dataset",
      "check_dataset --ann_file a.json --image_dir pictures --output_json "
      "report.json",
      "check_dataset --ann_file a.json --image_dir pictures --html a.html"};
  return program;
}

absl::StatusOr<std::vector<data::CocoSource>> SourcesFromFlags() {
  const std::string file = absl::GetFlag(FLAGS_ann_file);
  const std::string images = absl::GetFlag(FLAGS_image_dir);
  if (file.empty() != images.empty()) {
    return UsageError("--ann_file goes with --image_dir");
  }
  if (!file.empty()) {
    return std::vector<data::CocoSource>{
        {ResolvePath(file), ResolvePath(images)}};
  }
  const std::string root = ResolvePath(absl::GetFlag(FLAGS_data_dir));
  absl::StatusOr<std::vector<data::CocoSource>> sources =
      data::CocoTrainSources(root);
  if (sources.ok()) return sources;
  return absl::NotFoundError(absl::StrCat(
      sources.status().message(),
      ".\nTo fetch it:  ", CommandOf("//fcis/tools:download"),
      " datasets --train2014 --valminusminival2014 --data_dir ", root));
}

absl::StatusOr<data::DatasetReport> Check(
    const std::vector<data::CocoSource>& sources, const InputConfig& input) {
  std::once_flag once;
  std::optional<Progress> progress;
  return data::CheckDataset(sources, input, [&](int64_t done, int64_t total) {
    std::call_once(
        once, [&] { progress.emplace(Progress::OnStderr("pictures", total)); });
    progress->Update(done);
  });
}

absl::Status CheckFlags() {
  RETURN_IF_ERROR(model::CheckModelFlags());
  RETURN_IF_ERROR(
      CheckOutputFiles({&FLAGS_output_json, &FLAGS_html},
                       {{"--ann_file", absl::GetFlag(FLAGS_ann_file)}}));
  return CheckRange(FLAGS_gallery, 0, 10000);
}

absl::Status WritePage(const std::vector<data::CocoSource>& sources,
                       const data::DatasetReport& report,
                       const std::string& path) {
  ASSIGN_OR_RETURN(const data::CocoIndex index, data::IndexCoco(sources));
  DatasetPageOptions options;
  options.title = sources[0].ann_file;
  options.gallery = absl::GetFlag(FLAGS_gallery);
  RETURN_IF_ERROR(WriteFileAtomic(
      path, DatasetPage(index, report, LookAt(index), options)));
  PrintLine(stdout, absl::StrCat("page: ", path));
  return absl::OkStatus();
}

absl::Status Run() {
  RETURN_IF_ERROR(CheckFlags());
  ModelConfig config;
  RETURN_IF_ERROR(model::ApplyModelFlags(&config));
  ASSIGN_OR_RETURN(const data::BadAnnotationPolicy policy,
                   data::BadAnnotationPolicyFromFlags());
  ASSIGN_OR_RETURN(const std::vector<data::CocoSource> sources,
                   SourcesFromFlags());
  RETURN_IF_ERROR(SetThreadsFromFlag());
  ASSIGN_OR_RETURN(const data::DatasetReport report,
                   Check(sources, config.input()));
  std::fputs(TextFor(stdout, report.ToText()).c_str(), stdout);
  const std::string json = ResolvePath(absl::GetFlag(FLAGS_output_json));
  if (!json.empty()) {
    RETURN_IF_ERROR(WriteFileAtomic(json, report.ToJson()));
  }
  const std::string page = ResolvePath(absl::GetFlag(FLAGS_html));
  if (!page.empty()) RETURN_IF_ERROR(WritePage(sources, report, page));
  const absl::Status bad = report.problems.Check(policy);
  for (const std::string& note : report.problems.Notes(policy)) {
    PrintLine(stdout, note);
  }
  if (!bad.ok()) return VerificationError(bad.message());
  if (data::HasBadPictures(report)) {
    return VerificationError("pictures cannot be trained on");
  }
  if (report.used_annotations == 0) {
    return VerificationError(
        absl::StrCat(sources[0].ann_file, ": nothing to train on"));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace fcis::tools

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::tools::MakeProgram(), fcis::tools::Run);
}
