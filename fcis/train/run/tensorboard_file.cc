#include "fcis/train/run/tensorboard_file.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/train/run/event.pb.h"

namespace fcis::train {
namespace {

constexpr char kFileVersion[] = "brain.Event:2";

template <typename T>
absl::string_view Bytes(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// TFRecord's checksum is rotated and shifted, so that one over bytes that hold
// checksums does not degenerate.
uint32_t MaskedCrc(absl::string_view bytes) {
  const uint32_t crc = Crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

// Little-endian, as every machine that we build for.
std::string Record(const tensorboard::Event& event) {
  const std::string data = event.SerializeAsString();
  const uint64_t length = data.size();
  return absl::StrCat(Bytes(length), Bytes(MaskedCrc(Bytes(length))), data,
                      Bytes(MaskedCrc(data)));
}

tensorboard::Event NewEvent(int64_t step, absl::Time now) {
  tensorboard::Event event;
  event.set_wall_time(absl::ToUnixMicros(now) * 1e-6);
  event.set_step(step);
  return event;
}

// TensorBoard reads the files in the order of their names: seconds since 1970,
// then a number that tells files of the same second apart.
std::string UnusedPath(const std::string& directory, absl::Time now) {
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  for (int n = 0;; ++n) {
    const std::string path =
        absl::StrFormat("%s/events.out.tfevents.%010d.%03d.%s", directory,
                        absl::ToUnixSeconds(now), n, host);
    if (!FileExists(path)) return path;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<TensorBoardFile>> TensorBoardFile::Create(
    const std::string& directory, int64_t done, absl::Time now) {
  ASSIGN_OR_RETURN(std::unique_ptr<AppendFile> file,
                   AppendFile::Open(UnusedPath(directory, now), 0));
  tensorboard::Event version = NewEvent(0, now);
  version.set_file_version(kFileVersion);
  tensorboard::Event start = NewEvent(done + 1, now);
  start.mutable_session_log()->set_status(tensorboard::SessionLog::START);
  RETURN_IF_ERROR(file->Append(absl::StrCat(Record(version), Record(start))));
  return std::unique_ptr<TensorBoardFile>(new TensorBoardFile(std::move(file)));
}

absl::Status TensorBoardFile::Write(
    int64_t iteration, absl::Span<const std::pair<std::string, double>> values,
    absl::Time now) {
  tensorboard::Event event = NewEvent(iteration, now);
  for (const auto& [name, value] : values) {
    tensorboard::Summary::Value* scalar = event.mutable_summary()->add_value();
    scalar->set_tag(name);
    scalar->set_simple_value(static_cast<float>(value));
  }
  return file_->Append(Record(event));
}

}  // namespace fcis::train
