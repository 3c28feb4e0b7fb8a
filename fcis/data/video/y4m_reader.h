// Y4mReader: the frames of a YUV4MPEG2 stream, one after another.
#ifndef FCIS_DATA_VIDEO_Y4M_READER_H_
#define FCIS_DATA_VIDEO_Y4M_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/video/video_format.h"

namespace fcis::data {

// Both parts as they stood in the stream.
struct VideoFrame {
  std::string header;  // FRAME with its parameters, without the line's end
  std::string planes;  // VideoFormat::frame_bytes()
};

class Y4mReader {
 public:
  // Reads the header of the file `path`; "-" is the standard input. Errors name
  // it: cannot be opened; empty; something else, with what it is and the line
  // that makes ffmpeg decode it; those of ParseVideoHeader. Where `stop`, asked
  // ten times a second while a pipe is idle, says so, the stream has ended.
  static absl::StatusOr<std::unique_ptr<Y4mReader>> Open(
      const std::string& path, int64_t max_pixels = kDefaultMaxPixels,
      std::function<bool()> stop = [] { return false; });
  Y4mReader(const Y4mReader&) = delete;
  Y4mReader& operator=(const Y4mReader&) = delete;
  ~Y4mReader();

  const VideoFormat& format() const { return format_; }
  // The file as messages call it.
  const std::string& name() const { return name_; }
  // Whole frames in the file, if none has parameters; 0: unknown, a pipe.
  int64_t NumFrames() const;

  // The next frame; nullopt at the end. Errors, after which there is nothing to
  // be read: the stream breaks off within a frame, or something else follows
  // one; a read that failed; no memory.
  absl::StatusOr<std::optional<VideoFrame>> Next();

 private:
  Y4mReader(int fd, std::string name, std::function<bool()> stop)
      : fd_(fd), name_(std::move(name)), stop_(std::move(stop)) {}
  absl::Status ReadHeader(int64_t max_pixels);
  // At least a byte, or 0 at the end.
  absl::StatusOr<size_t> ReadSome(char* out, size_t size) const;
  // Fills the buffer anew, with `least` bytes or more where the stream has
  // them; false at the end.
  absl::StatusOr<bool> Fill(size_t least = 1);
  // Up to the line's end, which is not kept; nullopt at the end of the stream.
  // What is longer than a line may be is cut there.
  absl::StatusOr<std::optional<std::string>> ReadLine();
  // How many bytes there were, up to `size`.
  absl::StatusOr<size_t> ReadBytes(char* out, size_t size);
  // The error of a file that begins with what is in the buffer.
  absl::Status NotY4m() const;

  const int fd_;
  const std::string name_;
  const std::function<bool()> stop_;
  VideoFormat format_;
  std::string buffer_;  // what was read and not yet taken, from at_ on
  size_t at_ = 0;
  int64_t frames_ = 0;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_VIDEO_Y4M_READER_H_
