#include "fcis/tools/video_flags.h"

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/flag_parser.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/tools/video_output.h"

ABSL_FLAG(std::string, video, "",
          "A video instead of pictures: a YUV4MPEG2 file (.y4m), or - for the "
          "standard input. ffmpeg makes that of other videos, and others of "
          "what is written (docs/video.md).");
ABSL_FLAG(int, every, 1,
          "Run the network on every so many frames only; in those between, the "
          "instances move on as they did.");
ABSL_FLAG(
    double, track_iou, fcis::MaskTracker::Options().min_iou,
    "Instances of two frames are the same if their masks, moved there, "
    "share so much of the pixels of either, and their class is the same.");
ABSL_FLAG(int, track_age, fcis::MaskTracker::Options().max_age,
          "After how many frames unseen an instance that comes back is another "
          "one.");

namespace fcis::tools {
namespace {

bool HasVideoName(const std::string& path) {
  for (const char* ending : {".y4m", ".mp4", ".mov", ".mkv", ".webm", ".avi"}) {
    if (absl::EndsWithIgnoreCase(path, ending)) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> VideoFlagNames() {
  return {"video", "every", "track_iou", "track_age"};
}

std::string VideoFromFlag() {
  const std::string video = absl::GetFlag(FLAGS_video);
  return video == kStandardStream ? video : ResolvePath(video);
}

absl::Status CheckVideoFlags(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_every, 1));
  RETURN_IF_ERROR(CheckRange(FLAGS_track_iou, 0, 1));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_track_age, 1));
  if (VideoFromFlag().empty()) {
    for (const char* flag : {"every", "track_iou", "track_age"}) {
      if (FlagWasGiven(flag)) {
        return UsageError(absl::StrCat("--", flag, " needs --video"));
      }
    }
    if (arguments.size() == 1 && HasVideoName(arguments[0])) {
      return UsageError(absl::StrCat(arguments[0],
                                     " is called as a video is; expected "
                                     "--video ",
                                     arguments[0]));
    }
    return absl::OkStatus();
  }
  if (!arguments.empty()) {
    return UsageError(absl::StrCat("--video and pictures (", arguments[0],
                                   ") in one run: choose one"));
  }
  for (const char* flag : {"imgdir", "save_masks"}) {
    if (FlagWasGiven(flag)) {
      return UsageError(absl::StrCat("--", flag, " is not for --video"));
    }
  }
  return absl::OkStatus();
}

void ApplyVideoFlags(VideoOptions* options) {
  options->every = absl::GetFlag(FLAGS_every);
  options->tracks.min_iou = absl::GetFlag(FLAGS_track_iou);
  options->tracks.max_age = absl::GetFlag(FLAGS_track_age);
}

}  // namespace fcis::tools
