// Finds the instances in pictures and draws them.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/output_directory.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/mask/paste.h"
#include "fcis/data/codec/max_pixels_flag.h"
#include "fcis/eval/predict/model_source.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/model/cli/model_flags.h"
#include "fcis/model/detector.h"
#include "fcis/tools/class_filter.h"
#include "fcis/tools/keep_pictures.h"
#include "fcis/tools/picture_list.h"
#include "fcis/tools/run_demo.h"
#include "fcis/tools/selftest.h"

ABSL_FLAG(std::string, classes, "",
          "Only these classes, separated by commas: person,car. Default: all.");
ABSL_FLAG(bool, save_json, false,
          "Also write results.json, in COCO's results format.");
ABSL_FLAG(bool, save_masks, false,
          "Also write each instance's mask as a PNG under masks/.");

namespace fcis::tools {
namespace {

constexpr char kDefaultPictures[] = "fcis/tools/images";

Program MakeProgram() {
  Program program;
  program.name = "demo";
  program.arguments = "[flags] [picture, directory or pattern]...";
  program.summary =
      "Finds the objects in JPEG and PNG pictures with FCIS and writes, for "
      "each picture, one PNG with their outlines, masks, boxes, classes and "
      "scores.";
  program.groups = {
      {"Pictures and results",
       {"imgdir", "out", "save_json", "save_masks", "max_pixels"}},
      {"Model", {"modelpath", "download", "classes"}},
      {"Computing", model::BackendFlagNames()},
      {"Thresholds and sizes", model::ModelFlagNames()}};
  program.short_flags = {{'m', "modelpath"}, {'o', "out"}};
  program.texts = {{"imgdir",
                    "Directory of pictures. Default, when no picture is named: "
                    "the photographs that come with this program."},
                   {"out",
                    "Directory for the results. Default: "
                    "fcis_demo/<date>_<time> where you stand."}};
  program.version_details = model::DeviceDetails;
  program.examples = {"demo",
                      "demo -m fcis_coco.npz --out result a.jpg 'photos/*.png'",
                      "demo --imgdir photos --classes person,car --save_json"};
  return program;
}

absl::Status CheckFlags() {
  RETURN_IF_ERROR(model::CheckModelFlags());
  RETURN_IF_ERROR(model::CheckBackendFlags());
  return data::MaxPixelsFromFlag().status();
}

absl::StatusOr<PictureList> DefaultPictures() {
  ASSIGN_OR_RETURN(const std::string directory, FindRunfile(kDefaultPictures));
  PictureList list = ListPictures(directory, {});
  // That a file of our own beside the pictures is none concerns nobody.
  list.notes.clear();
  return list;
}

absl::StatusOr<PictureList> Pictures(
    const std::vector<std::string>& arguments) {
  const std::string directory = absl::GetFlag(FLAGS_imgdir);
  if (directory.empty() && arguments.empty()) return DefaultPictures();
  const PictureList list = ListPictures(directory, arguments);
  RETURN_IF_ERROR(CheckNotEmpty(list));
  return list;
}

// Drivers, libraries and GPUs come in combinations that nobody has tried: the
// first use of one computes known answers. The CPU is what this was built on.
absl::Status TestNewDevice(const kernels::Backend& backend) {
  if (backend.name() != "cuda") return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool ran,
                   SelfTestOnce("cuda", ResolvePath("~/.cache/fcis/cuda")));
  if (ran) absl::PrintF("first use of the GPU: known answers came out right\n");
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<model::Detector>> MakeDetector(
    model::ModelChoice choice, kernels::Backend* backend) {
  absl::PrintF("%s\n", choice.statement);
  RETURN_IF_ERROR(model::ApplyModelFlags(&choice.weights.config));
  const std::string precision =
      model::SettlePrecision(*backend, &choice.weights);
  ASSIGN_OR_RETURN(std::unique_ptr<model::Detector> detector,
                   model::Detector::Create(std::move(choice.weights), backend));
  absl::PrintF("device: %s, %s, %d threads\n", backend->name(), precision,
               NumThreads());
  std::fflush(stdout);
  return detector;
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckFlags());
  ASSIGN_OR_RETURN(const PictureList list, Pictures(arguments));
  ASSIGN_OR_RETURN(const std::unique_ptr<kernels::Backend> backend,
                   model::BackendFromFlags());
  RETURN_IF_ERROR(TestNewDevice(*backend));
  ASSIGN_OR_RETURN(model::ModelChoice choice, eval::ModelFromFlags());
  ASSIGN_OR_RETURN(const std::unique_ptr<model::Detector> detector,
                   MakeDetector(std::move(choice), backend.get()));
  const PostprocessConfig& postprocess = detector->config().postprocess();
  DemoOptions options;
  options.paste_threshold = PasteThreshold(postprocess);
  ASSIGN_OR_RETURN(options.labels, ParseClasses(absl::GetFlag(FLAGS_classes),
                                                detector->config()));
  options.save_json = absl::GetFlag(FLAGS_save_json);
  options.save_masks = absl::GetFlag(FLAGS_save_masks);
  ASSIGN_OR_RETURN(options.max_pixels, data::MaxPixelsFromFlag());
  options.pictures_at_once = detector->PicturesAtOnce();
  ASSIGN_OR_RETURN(
      options.directory,
      MakeOutputDirectory(absl::GetFlag(FLAGS_out), "fcis_demo", absl::Now()));
  RETURN_IF_ERROR(CheckKeepsPictures(list, options.directory));
  return RunDemo(list, options, detector->config(),
                 [&](const Image& image, model::StageTimes* times) {
                   return detector->Detect(image, postprocess, nullptr, times);
                 });
}

}  // namespace
}  // namespace fcis::tools

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::tools::MakeProgram(), fcis::tools::Run);
}
