// The demo's flags about videos: --video, --every, --track_iou, --track_age.
#ifndef FCIS_TOOLS_VIDEO_FLAGS_H_
#define FCIS_TOOLS_VIDEO_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fcis/tools/run_video.h"

namespace fcis::tools {

// Names of the flags, for a help page.
std::vector<std::string> VideoFlagNames();

// --video: an absolute path, "-" for the standard input, "" for none.
std::string VideoFromFlag();

// UsageErrors: numbers out of range; flags that only mean something for videos
// without --video, and a video alone in `arguments`; with it any of these, and
// what is about pictures.
absl::Status CheckVideoFlags(const std::vector<std::string>& arguments);

// `options` with what the flags say.
void ApplyVideoFlags(VideoOptions* options);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_VIDEO_FLAGS_H_
