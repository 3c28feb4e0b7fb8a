#include "fcis/tools/video_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/output_directory.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"

namespace fcis::tools {
namespace {

namespace fs = std::filesystem;

constexpr char kEnding[] = ".y4m";
constexpr char kStdoutName[] = "the standard output";

std::string EndingOf(const std::string& path) {
  return absl::AsciiStrToLower(fs::path(path).extension().string());
}

bool IsOtherContainer(const std::string& path) {
  constexpr absl::string_view kOthers[] = {
      ".avi", ".flv", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".webm"};
  return absl::c_linear_search(kOthers, EndingOf(path));
}

// A pipe or a device.
bool IsSpecial(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  return fs::exists(status) && !fs::is_regular_file(status) &&
         !fs::is_directory(status);
}

std::string StemOf(const std::string& input) {
  return input == kStandardStream ? "video" : fs::path(input).stem().string();
}

bool IsToStdout(const VideoRequest& request) {
  return request.out == kStandardStream ||
         (request.out.empty() && request.input == kStandardStream &&
          !request.stdout_is_terminal);
}

absl::StatusOr<std::string> Directory(const std::string& out,
                                      const VideoRequest& request) {
  return MakeOutputDirectory(out, "fcis_demo", request.now);
}

absl::StatusOr<std::string> VideoPath(const VideoRequest& request) {
  if (IsToStdout(request)) return kStandardStream;
  const std::string path = ResolvePath(request.out);
  if (IsSpecial(path)) return path;
  if (IsOtherContainer(path)) {
    return UsageError(absl::StrCat(
        "--out=", request.out, ": the video is written as YUV4MPEG2 (", kEnding,
        "); ffmpeg makes the rest of it: demo --video ", request.input,
        " --out - | ffmpeg -i - ", request.out));
  }
  if (EndingOf(path) == kEnding && !fs::is_directory(path)) {
    RETURN_IF_ERROR(
        Directory(fs::path(path).parent_path().string(), request).status());
    return path;
  }
  ASSIGN_OR_RETURN(const std::string directory,
                   Directory(request.out, request));
  return absl::StrCat(directory, "/", StemOf(request.input), kEnding);
}

absl::StatusOr<std::string> JsonPath(const VideoRequest& request,
                                     const std::string& video) {
  if (video != kStandardStream && !IsSpecial(video)) {
    return fs::path(video).replace_extension(".jsonl").string();
  }
  ASSIGN_OR_RETURN(const std::string directory, Directory("", request));
  return absl::StrCat(directory, "/", StemOf(request.input), ".jsonl");
}

}  // namespace

std::string Describe(const VideoOutput& output) {
  return absl::StrCat(
      output.video == kStandardStream ? kStdoutName : output.video,
      output.json.empty() ? "" : " and ", output.json);
}

absl::StatusOr<VideoOutput> ChooseVideoOutput(const VideoRequest& request) {
  if (IsToStdout(request) && request.stdout_is_terminal) {
    return UsageError(
        "--out=- would write the video to the terminal; hand it on, as in "
        "demo --video in.y4m --out - | ffmpeg -i - out.mp4");
  }
  VideoOutput output;
  ASSIGN_OR_RETURN(output.video, VideoPath(request));
  RETURN_IF_ERROR(CheckKeepsInput(request.input, output.video));
  if (request.save_json) {
    ASSIGN_OR_RETURN(output.json, JsonPath(request, output.video));
  }
  return output;
}

absl::StatusOr<std::unique_ptr<data::Y4mWriter>> OpenVideoOutput(
    const std::string& video) {
  if (video != kStandardStream) return data::Y4mWriter::Create(video);
  std::fflush(stdout);
  const int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  if (fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    return ErrnoStatus("cannot write", kStdoutName, errno);
  }
  return data::Y4mWriter::ToDescriptor(fd, kStdoutName);
}

}  // namespace fcis::tools
