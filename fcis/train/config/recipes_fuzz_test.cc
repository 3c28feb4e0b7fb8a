#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/train/config/recipes.h"

// Whatever the text: a recipe or a model's configuration whose numbers are in
// their ranges, or an error.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fcis::MemoryFile file(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  const absl::StatusOr<fcis::TrainConfig> recipe =
      fcis::train::Recipe(file.path());
  if (recipe.ok()) {
    if (!fcis::train::CheckTrainConfig(*recipe).ok()) std::abort();
    fcis::train::ModelOf(*recipe).IgnoreError();
  }
  fcis::TrainConfig of_model;
  of_model.set_model(file.path());
  const auto model = fcis::train::ModelOf(of_model);
  if (model.ok() && !fcis::CheckConfig(*model).ok()) std::abort();
  // The bytes as a recipe's name.
  fcis::train::Recipe(std::string(reinterpret_cast<const char*>(data),
                                  std::min(size, size_t{20})))
      .IgnoreError();
  return 0;
}
