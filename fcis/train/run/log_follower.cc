#include "fcis/train/run/log_follower.h"

#include <cerrno>
#include <fstream>

#include "fcis/core/io/file.h"

namespace fcis::train {
namespace {

// Not mapped: a file that is cut meanwhile would end the process.
constexpr size_t kPiece = 1 << 20;

// Up to `size` bytes from `offset` on.
std::string ReadPiece(std::ifstream& file, int64_t offset, size_t size) {
  std::string bytes(size, '\0');
  file.clear();
  file.seekg(offset);
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  bytes.resize(static_cast<size_t>(file.gcount()));
  return bytes;
}

}  // namespace

void LogFollower::BeginAnew() {
  table_ = LogTable(rows_);
  offset_ = bad_lines_ = 0;
  last_line_.clear();
  ++beginnings_;
}

void LogFollower::Take(absl::string_view line) {
  if (!table_.Add(line)) ++bad_lines_;
  last_line_ = std::string(line);
  offset_ += static_cast<int64_t>(line.size());
}

absl::Status LogFollower::Update() {
  errno = 0;
  std::ifstream file(path_, std::ios::binary);
  if (!file.is_open()) {
    if (errno != ENOENT) return ErrnoStatus("cannot read", path_, errno);
    if (offset_ > 0) BeginAnew();
    return absl::OkStatus();
  }
  const auto before = offset_ - static_cast<int64_t>(last_line_.size());
  if (ReadPiece(file, before, last_line_.size()) != last_line_) BeginAnew();
  std::string rest;
  while (true) {
    const std::string piece =
        ReadPiece(file, offset_ + static_cast<int64_t>(rest.size()), kPiece);
    rest += piece;
    size_t taken = 0;
    for (size_t end; (end = rest.find('\n', taken)) != rest.npos;) {
      Take(absl::string_view(rest).substr(taken, end + 1 - taken));
      taken = end + 1;
    }
    rest.erase(0, taken);
    if (piece.size() < kPiece) return absl::OkStatus();
  }
}

}  // namespace fcis::train
