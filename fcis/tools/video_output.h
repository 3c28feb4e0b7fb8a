// Where the demo's results of a video go.
#ifndef FCIS_TOOLS_VIDEO_OUTPUT_H_
#define FCIS_TOOLS_VIDEO_OUTPUT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fcis/data/video/y4m_writer.h"

namespace fcis::tools {

// A name for the standard input and output.
inline constexpr char kStandardStream[] = "-";

struct VideoRequest {
  std::string input;  // a path or kStandardStream
  std::string out;    // the flag --out
  bool save_json = false;
  bool stdout_is_terminal = false;
  absl::Time now;
};

struct VideoOutput {
  std::string video;  // a path or kStandardStream
  std::string json;   // a path; "": none
};

// "a.y4m and a.jsonl", "the standard output": for messages.
std::string Describe(const VideoOutput& output);

// The video goes to the standard output if `out` says so or is empty, the input
// is the standard input and the output no terminal; to the file `out`, if it
// ends in .y4m or is a pipe or a device; else into the directory `out` (""; a
// new one, MakeOutputDirectory) as <name>.y4m, by the input's name, "video" for
// the standard input. Beside it lies <name>.jsonl; beside what is no file, in a
// new directory. Directories are made. Errors: those of MakeOutputDirectory;
// UsageErrors for a terminal, the input itself, and an ending of another
// container.
absl::StatusOr<VideoOutput> ChooseVideoOutput(const VideoRequest& request);

// A writer to the file or the standard output. The latter is the video's alone
// from then on: what the program prints goes to stderr.
absl::StatusOr<std::unique_ptr<data::Y4mWriter>> OpenVideoOutput(
    const std::string& video);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_VIDEO_OUTPUT_H_
