// Scalars over iterations as TensorBoard reads them.
#ifndef FCIS_TRAIN_RUN_TENSORBOARD_FILE_H_
#define FCIS_TRAIN_RUN_TENSORBOARD_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "fcis/core/io/append_file.h"

namespace fcis::train {

// CRC-32C (Castagnoli, RFC 3720 appendix B.4), which frames the records of
// TensorFlow's files. Bit by bit: for records of some hundred bytes. 0 for no
// bytes.
inline uint32_t Crc32c(absl::string_view bytes) {
  constexpr uint32_t kReversedPolynomial = 0x82f63b78;
  uint32_t crc = ~uint32_t{0};
  for (const char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReversedPolynomial : 0);
    }
  }
  return ~crc;
}

class TensorBoardFile {
 public:
  // A new events.out.tfevents.* in the directory, so named that TensorBoard
  // reads it after earlier ones. `done` iterations were made before:
  // TensorBoard drops what earlier files say of later ones.
  static absl::StatusOr<std::unique_ptr<TensorBoardFile>> Create(
      const std::string& directory, int64_t done, absl::Time now = absl::Now());

  // Names become tags ("group/name" is shown in a group); values are rounded
  // to float. TensorBoard sees them at once.
  absl::Status Write(int64_t iteration,
                     absl::Span<const std::pair<std::string, double>> values,
                     absl::Time now = absl::Now());

 private:
  explicit TensorBoardFile(std::unique_ptr<AppendFile> file)
      : file_(std::move(file)) {}

  const std::unique_ptr<AppendFile> file_;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_RUN_TENSORBOARD_FILE_H_
