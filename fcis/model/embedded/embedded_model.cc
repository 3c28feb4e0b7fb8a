#include "fcis/model/embedded/embedded_model.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/model/weights/load.h"
#include "fcis/model/weights/safetensors.h"

// The bytes of photos.safetensors, by the linker.
extern "C" const char _binary_photos_safetensors_start[];
extern "C" const char _binary_photos_safetensors_end[];

namespace fcis::model {

absl::StatusOr<Weights> EmbeddedModel() {
  constexpr char kName[] = "the embedded model";
  const char* const begin = _binary_photos_safetensors_start;
  const absl::string_view bytes(begin, _binary_photos_safetensors_end - begin);
  ASSIGN_OR_RETURN(Safetensors file, ParseSafetensors(bytes, nullptr, kName));
  return WeightsOf(std::move(file), kName);
}

}  // namespace fcis::model
