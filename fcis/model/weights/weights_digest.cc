#include "fcis/model/weights/weights_digest.h"

#include <cstdint>

#include "absl/base/casts.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/io/digest.h"

namespace fcis::model {

std::string WeightsDigest(const Weights& weights) {
  Digest digest = Digest::Sha256();
  for (const auto& [name, tensor] : weights.tensors) {
    digest.Update(absl::StrCat(name, " ", tensor.Describe(), "\n"));
    digest.Update(absl::string_view(static_cast<const char*>(tensor.raw()),
                                    static_cast<size_t>(tensor.num_bytes())));
  }
  for (const auto& [layer, kernel] : weights.int8.kernels) {
    digest.Update(absl::StrCat(layer, " i8\n"));
    digest.Update(
        absl::string_view(static_cast<const char*>(kernel.scale.raw()),
                          static_cast<size_t>(kernel.scale.num_bytes())));
  }
  for (const auto& [map, scale] : weights.int8.maps) {
    digest.Update(absl::StrCat(
        map, " ", absl::Hex(absl::bit_cast<uint32_t>(scale)), "\n"));
  }
  return digest.Hex();
}

}  // namespace fcis::model
