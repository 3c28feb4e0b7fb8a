// Y4mWriter: frames as a YUV4MPEG2 stream, to a file or a pipe.
#ifndef FCIS_DATA_VIDEO_Y4M_WRITER_H_
#define FCIS_DATA_VIDEO_Y4M_WRITER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/io/file.h"
#include "fcis/data/video/video_format.h"
#include "fcis/data/video/y4m_reader.h"

namespace fcis::data {

class Y4mWriter {
 public:
  // A file that a reader meets whole or not at all (AtomicFile). What is there
  // and is no file (a named pipe, /dev/null) is written to as it is. Errors
  // name the path.
  static absl::StatusOr<std::unique_ptr<Y4mWriter>> Create(
      const std::string& path);
  // To an open descriptor, which it closes; `name` is for messages.
  static std::unique_ptr<Y4mWriter> ToDescriptor(int fd,
                                                 const std::string& name);
  Y4mWriter(const Y4mWriter&) = delete;
  Y4mWriter& operator=(const Y4mWriter&) = delete;
  ~Y4mWriter();

  // The format's header goes before the first frame. CANCELLED: nobody reads
  // the pipe any more. Other errors name the file.
  absl::Status Write(const VideoFormat& format, const VideoFrame& frame);
  // Nothing may be written afterwards. Before it there is no file.
  absl::Status Commit();

 private:
  Y4mWriter(std::unique_ptr<AtomicFile> file, int fd, std::string name)
      : file_(std::move(file)), fd_(fd), name_(std::move(name)) {}
  absl::Status Append(absl::string_view bytes);

  std::unique_ptr<AtomicFile> file_;  // null: there is fd_
  int fd_;
  const std::string name_;
  bool begun_ = false;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_VIDEO_Y4M_WRITER_H_
