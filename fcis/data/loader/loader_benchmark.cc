// Pictures that the loader prepares in a second. bench/loader_compare runs it
// beside torchvision.
#include <chrono>
#include <memory>

#include "absl/flags/flag.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/data/coco/data_flags.h"
#include "fcis/data/loader/coco_set.h"
#include "fcis/data/loader/loader.h"

ABSL_FLAG(int, pictures, 200, "How many are loaded.");

namespace fcis::data {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "loader_benchmark";
  program.arguments = "--ann_file A --image_dir D [flags]";
  program.summary =
      "Loads pictures with their masks as the reference's training does (600 x "
      "1000, flipped at random) and prints pictures per second.";
  program.groups = {
      {"Flags", {"ann_file", "image_dir", "threads", "pictures"}}};
  program.texts = {{"threads", "Threads of the loader."}};
  program.defaults = {{"threads", "1"}};
  return program;
}

absl::Status Run() {
  InputConfig input;
  for (const float mean : {123.15f, 115.90f, 103.06f}) input.add_mean(mean);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<CocoSet> set,
      CocoSet::Create({{ResolvePath(absl::GetFlag(FLAGS_ann_file)),
                        ResolvePath(absl::GetFlag(FLAGS_image_dir))}},
                      input));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_threads, 1));
  LoaderOptions options;
  options.threads = absl::GetFlag(FLAGS_threads);
  const int pictures = absl::GetFlag(FLAGS_pictures);
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  Loader loader(set.get(), input, options);
  for (int i = 0; i < pictures; ++i) {
    RETURN_IF_ERROR(loader.Next().status());
  }
  const double seconds =
      std::chrono::duration<double>(Clock::now() - begin).count();
  absl::PrintF("%.2f\n", pictures / seconds);
  return absl::OkStatus();
}

}  // namespace
}  // namespace fcis::data

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::data::MakeProgram(), fcis::data::Run);
}
