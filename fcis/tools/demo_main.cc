// Finds the instances in pictures or a video and draws them.
#include <unistd.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/time/clock.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/output_directory.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/stop_signal.h"
#include "fcis/core/mask/paste.h"
#include "fcis/data/codec/max_pixels_flag.h"
#include "fcis/data/video/y4m_reader.h"
#include "fcis/data/video/y4m_writer.h"
#include "fcis/eval/predict/picture_job.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/model/cli/model_flags.h"
#include "fcis/model/detector.h"
#include "fcis/tools/class_filter.h"
#include "fcis/tools/engine.h"
#include "fcis/tools/picture_list.h"
#include "fcis/tools/run_demo.h"
#include "fcis/tools/run_video.h"
#include "fcis/tools/video_flags.h"
#include "fcis/tools/video_output.h"

ABSL_FLAG(std::string, classes, "",
          "Only these classes, separated by commas: person,car. Default: all.");
ABSL_FLAG(bool, save_json, false,
          "Also write results.json, in COCO's results format; of a video "
          "<name>.jsonl, with a line of JSON for each frame.");
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
      "scores; or in the frames of a video, which becomes a video where each "
      "object keeps its colour and number.";
  program.groups = {
      {"Pictures and results",
       {"imgdir", "out", "save_json", "save_masks", "max_pixels"}},
      {"Video", VideoFlagNames()},
      {"Model", {"modelpath", "download", "classes"}},
      {"Computing", model::BackendFlagNames()},
      {"Thresholds and sizes", model::ModelFlagNames()}};
  program.short_flags = {{'m', "modelpath"}, {'o', "out"}};
  program.texts = {{"imgdir",
                    "Directory of pictures. Default, when no picture is named: "
                    "the photographs that come with this program."},
                   {"out",
                    "Directory for the results. Default: "
                    "fcis_demo/<date>_<time> where you stand. Of a video also "
                    "a file that ends in .y4m, or - for the standard output, "
                    "which is the default of --video - unless that is a "
                    "terminal."}};
  program.version_details = model::DeviceDetails;
  program.examples = {"demo",
                      "demo -m fcis_coco.npz --out result a.jpg 'photos/*.png'",
                      "demo --imgdir photos --classes person,car --save_json",
                      "demo --video a.y4m --out b.y4m",
                      "ffmpeg -i a.mp4 -f yuv4mpegpipe -strict -1 - | demo "
                      "--video - | ffmpeg -i - b.mp4"};
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

absl::StatusOr<std::set<int>> LabelsFromFlag(const ModelConfig& config) {
  return ParseClasses(absl::GetFlag(FLAGS_classes), config);
}

// As RunDemo and RunVideo want it; not beyond the engine's life.
eval::DetectFunction DetectWith(const Engine& engine) {
  return [&engine](const Image& image, model::StageTimes* times) {
    return engine.detector->Detect(
        image, engine.detector->config().postprocess(), nullptr, times);
  };
}

absl::Status RunOnPictures(const PictureList& list) {
  ASSIGN_OR_RETURN(const Engine engine, EngineFromFlags());
  const ModelConfig& config = engine.detector->config();
  DemoOptions options;
  options.paste_threshold = PasteThreshold(config.postprocess());
  ASSIGN_OR_RETURN(options.labels, LabelsFromFlag(config));
  options.save_json = absl::GetFlag(FLAGS_save_json);
  options.save_masks = absl::GetFlag(FLAGS_save_masks);
  ASSIGN_OR_RETURN(options.max_pixels, data::MaxPixelsFromFlag());
  options.pictures_at_once = engine.detector->PicturesAtOnce();
  ASSIGN_OR_RETURN(
      options.directory,
      MakeOutputDirectory(absl::GetFlag(FLAGS_out), "fcis_demo", absl::Now()));
  RETURN_IF_ERROR(CheckKeepsPictures(list, options.directory));
  return RunDemo(list, options, config, DetectWith(engine));
}

// What is wrong with the input or the output shows before a model is loaded.
absl::Status RunOnVideo(const std::string& video) {
  ASSIGN_OR_RETURN(const int64_t max_pixels, data::MaxPixelsFromFlag());
  ASSIGN_OR_RETURN(const std::unique_ptr<data::Y4mReader> reader,
                   data::Y4mReader::Open(video, max_pixels, StopRequested));
  ASSIGN_OR_RETURN(
      const VideoOutput output,
      ChooseVideoOutput({video, absl::GetFlag(FLAGS_out),
                         absl::GetFlag(FLAGS_save_json),
                         isatty(STDOUT_FILENO) == 1, absl::Now()}));
  ASSIGN_OR_RETURN(const std::unique_ptr<data::Y4mWriter> writer,
                   OpenVideoOutput(output.video));
  ASSIGN_OR_RETURN(const Engine engine, EngineFromFlags());
  const ModelConfig& config = engine.detector->config();
  VideoOptions options;
  ApplyVideoFlags(&options);
  options.paste_threshold = PasteThreshold(config.postprocess());
  ASSIGN_OR_RETURN(options.labels, LabelsFromFlag(config));
  options.frames_at_once = engine.detector->PicturesAtOnce();
  options.json_path = output.json;
  options.output_name = Describe(output);
  InstallStopSignals("finishing the video");
  return RunVideo(reader.get(), writer.get(), options, config,
                  DetectWith(engine));
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckFlags());
  RETURN_IF_ERROR(CheckVideoFlags(arguments));
  const std::string video = VideoFromFlag();
  if (!video.empty()) return RunOnVideo(video);
  ASSIGN_OR_RETURN(const PictureList list, Pictures(arguments));
  return RunOnPictures(list);
}

}  // namespace
}  // namespace fcis::tools

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::tools::MakeProgram(), fcis::tools::Run);
}
