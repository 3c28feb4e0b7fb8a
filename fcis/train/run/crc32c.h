// CRC-32C (Castagnoli, RFC 3720 appendix B.4), which frames the records of
// TensorFlow's files.
#ifndef FCIS_TRAIN_RUN_CRC32C_H_
#define FCIS_TRAIN_RUN_CRC32C_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace fcis::train {

// Bit by bit: for records of some hundred bytes. 0 for no bytes.
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

}  // namespace fcis::train

#endif  // FCIS_TRAIN_RUN_CRC32C_H_
