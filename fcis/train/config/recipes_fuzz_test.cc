#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/train/config/recipes.h"

// Whatever the text: a recipe whose numbers are in their ranges, or an error.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fcis::MemoryFile file(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  const absl::StatusOr<fcis::TrainConfig> recipe =
      fcis::train::Recipe(file.path());
  if (recipe.ok() && !fcis::train::CheckTrainConfig(*recipe).ok()) std::abort();
  return 0;
}
