#include "fcis/model/weights/weights_digest.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/io/digest.h"

namespace fcis::model {

std::string WeightsDigest(const Weights& weights) {
  Digest digest = Digest::Sha256();
  for (const auto& [name, tensor] : weights.tensors) {
    digest.Update(absl::StrCat(name, " ", DTypeName(tensor.type()), " ",
                               tensor.shape().ToString(), "\n"));
    digest.Update(absl::string_view(static_cast<const char*>(tensor.raw()),
                                    static_cast<size_t>(tensor.num_bytes())));
  }
  return digest.Hex();
}

}  // namespace fcis::model
