// Paints a data set of scenes in COCO's format.
#include <cstdint>
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/progress/progress.h"
#include "fcis/data/synth/scene_dataset.h"

ABSL_FLAG(int, images, 4000, "Number of pictures.");
ABSL_FLAG(int, size, 320, "Width in pixels; the height is four fifths of it.");

namespace fcis::tools {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "synth";
  program.arguments = "--out DIR [flags]";
  program.summary =
      "Paints scenes of eight kinds of shapes, textured, bent, hiding each "
      "other, and writes them with their masks as a data set in COCO's format: "
      "something to train on, score and look at without a download.";
  program.groups = {{"Output", {"out"}},
                    {"Scenes", {"images", "seed", "size"}},
                    {"Computing", {"threads"}}};
  program.texts = {
      {"out", "Directory for images/ and annotations.json; made if need be."},
      {"seed",
       "Which scenes; others with another seed, the same with the same."}};
  program.defaults = {{"seed", "1"}};
  program.examples = {"synth --out /tmp/scenes --images 4000 --seed 1",
                      "synth --out /tmp/held_out --images 500 --seed 2"};
  return program;
}

absl::StatusOr<data::SceneDatasetOptions> OptionsFromFlags() {
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_images, 1));
  RETURN_IF_ERROR(CheckRange(FLAGS_size, 64, 4096));
  data::SceneDatasetOptions options;
  options.images = absl::GetFlag(FLAGS_images);
  options.seed = absl::GetFlag(FLAGS_seed);
  options.width = absl::GetFlag(FLAGS_size);
  options.height = options.width * 4 / 5;
  return options;
}

absl::Status Run() {
  const std::string out = ResolvePath(absl::GetFlag(FLAGS_out));
  if (out.empty()) return UsageError("expected --out, a directory");
  ASSIGN_OR_RETURN(const data::SceneDatasetOptions options, OptionsFromFlags());
  RETURN_IF_ERROR(SetThreadsFromFlag());
  {
    Progress progress(Progress::OnStderr("scenes", options.images));
    RETURN_IF_ERROR(data::WriteSceneDataset(
        out, options, [&](int64_t done) { progress.Update(done); }));
  }
  PrintLine(
      stdout,
      absl::StrFormat("%s: %d pictures of %d x %d in images/, annotations.json",
                      out, options.images, options.width, options.height));
  return absl::OkStatus();
}

}  // namespace
}  // namespace fcis::tools

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::tools::MakeProgram(), fcis::tools::Run);
}
