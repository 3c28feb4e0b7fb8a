#include "fcis/data/video/y4m_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/file_kind.h"

namespace fcis::data {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 16;
constexpr int kPollMs = 100;
constexpr char kFrame[] = "FRAME";
constexpr char kStdinName[] = "the standard input";

bool IsFrameHeader(absl::string_view line) {
  return line == kFrame || absl::StartsWith(line, absl::StrCat(kFrame, " "));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Y4mReader>> Y4mReader::Open(
    const std::string& path, int64_t max_pixels, std::function<bool()> stop) {
  const bool is_stdin = path == "-";
  const int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                          : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const std::string name = is_stdin ? kStdinName : path;
  if (fd < 0) return ErrnoStatus("cannot open", name, errno);
  std::unique_ptr<Y4mReader> reader(new Y4mReader(fd, name, std::move(stop)));
  RETURN_IF_ERROR(reader->ReadHeader(max_pixels));
  return reader;
}

Y4mReader::~Y4mReader() { close(fd_); }

absl::StatusOr<size_t> Y4mReader::ReadSome(char* out, size_t size) const {
  while (!stop_()) {
    pollfd idle = {fd_, POLLIN, 0};
    const int ready = poll(&idle, 1, kPollMs);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t got = read(fd_, out, size);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) return ErrnoStatus("cannot read", name_, errno);
  }
  return 0;
}

absl::Status Y4mReader::ReadHeader(int64_t max_pixels) {
  ASSIGN_OR_RETURN(const bool any, Fill(sizeof(kY4mMagic) - 1));
  if (!any) {
    return absl::InvalidArgumentError(absl::StrCat(name_, " is empty"));
  }
  if (!absl::StartsWith(buffer_, kY4mMagic)) return NotY4m();
  ASSIGN_OR_RETURN(const std::optional<std::string> line, ReadLine());
  ASSIGN_OR_RETURN(
      format_, Within(name_, ParseVideoHeader(line.value_or(""), max_pixels)));
  return absl::OkStatus();
}

absl::Status Y4mReader::NotY4m() const {
  const absl::string_view kind = Describe(KindOfBytes(buffer_));
  return absl::InvalidArgumentError(absl::StrCat(
      name_, kind.empty() ? " is" : absl::StrCat(" is ", kind, ","),
      " not YUV4MPEG2, which ffmpeg makes of any video: ffmpeg -i ",
      name_ == kStdinName ? "video.mp4" : absl::StrCat("'", name_, "'"),
      " -f yuv4mpegpipe -strict -1 - | demo --video -"));
}

int64_t Y4mReader::NumFrames() const {
  struct stat info;
  if (fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) return 0;
  const int64_t frames = info.st_size - format_.header.size() - 1;
  return std::max<int64_t>(frames, 0) /
         static_cast<int64_t>(format_.frame_bytes() + sizeof(kFrame));
}

absl::StatusOr<std::optional<VideoFrame>> Y4mReader::Next() {
  VideoFrame frame;
  ASSIGN_OR_RETURN(std::optional<std::string> header, ReadLine());
  if (!header.has_value()) return std::nullopt;
  frame.header = *std::move(header);
  const std::string where = absl::StrCat(name_, ": frame ", frames_);
  if (!IsFrameHeader(frame.header)) {
    return absl::DataLossError(absl::StrCat(where, " does not begin with ",
                                            kFrame, "; the stream is damaged"));
  }
  const size_t size = format_.frame_bytes();
  try {
    frame.planes.resize(size);
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(
        absl::StrCat(where, ": no memory for ", size, " bytes"));
  }
  ASSIGN_OR_RETURN(const size_t got, ReadBytes(&frame.planes[0], size));
  if (got < size) {
    return absl::DataLossError(
        absl::StrCat(where, " breaks off: ", got, " bytes, expected ", size));
  }
  ++frames_;
  return frame;
}

absl::StatusOr<bool> Y4mReader::Fill(size_t least) {
  buffer_.resize(kBufferBytes);
  at_ = 0;
  size_t have = 0;
  while (have < least) {
    const absl::StatusOr<size_t> got =
        ReadSome(&buffer_[have], buffer_.size() - have);
    if (!got.ok()) buffer_.clear();
    RETURN_IF_ERROR(got.status());
    if (*got == 0) break;
    have += *got;
  }
  buffer_.resize(have);
  return have > 0;
}

absl::StatusOr<std::optional<std::string>> Y4mReader::ReadLine() {
  std::string line;
  while (true) {
    if (at_ == buffer_.size()) {
      ASSIGN_OR_RETURN(const bool more, Fill());
      if (!more && line.empty()) return std::nullopt;
      if (!more) return line;
    }
    const size_t end = std::min(buffer_.find('\n', at_), buffer_.size());
    const size_t take = std::min(end - at_, kMaxY4mLine - line.size());
    line.append(buffer_, at_, take);
    at_ += take;
    if (at_ < end) return line;  // longer than lines may be
    if (at_ == buffer_.size()) continue;
    ++at_;
    return line;
  }
}

absl::StatusOr<size_t> Y4mReader::ReadBytes(char* out, size_t size) {
  const size_t buffered = std::min(size, buffer_.size() - at_);
  std::memcpy(out, buffer_.data() + at_, buffered);
  at_ += buffered;
  size_t have = buffered;
  // Past the buffer: a frame is much larger.
  while (have < size) {
    ASSIGN_OR_RETURN(const size_t got, ReadSome(out + have, size - have));
    if (got == 0) break;
    have += got;
  }
  return have;
}

}  // namespace fcis::data
