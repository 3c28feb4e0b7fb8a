#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/testing/json_mutator.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/core/testing/scratch_path.h"
#include "fcis/model/weights/import_backbone.h"
#include "fcis/model/weights/load.h"
#include "fcis/model/weights/weights.h"

#ifdef FCIS_FUZZ
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned seed) {
  return fcis::MutateStructure(data, size, max_size, seed,
                               fcis::MutateSafetensors, LLVMFuzzerMutate);
}
#endif

namespace {

// The smallest model, of which testdata/fuzz has files.
const fcis::ModelConfig& Tiny() {
  static const fcis::ModelConfig config =
      fcis::ParseConfig(
          "name: 'tiny' classes { name: 'thing' category_id: 1 } "
          "input { min_size: 32 max_size: 64 mean: 1 mean: 2 mean: 3 } "
          "backbone { blocks: 1 blocks: 1 blocks: 1 blocks: 1 width: 1 } "
          "rpn { mid_channels: 1 ratios: 1 ratios: 2 ratios: 3 "
          "scales: 8 scales: 16 scales: 32 } "
          "head { mid_channels: 1 group_size: 1 roi_size: 3 "
          "loc_std: 1 loc_std: 1 loc_std: 1 loc_std: 1 } postprocess {}",
          "tiny")
          .value();
  return config;
}

void WriteAndRead(const fcis::model::Weights& weights) {
  static const std::string path =
      fcis::ScratchPath("fcis_fuzz_weights.safetensors");
  if (!fcis::model::SaveWeights(path, weights).ok()) std::abort();
  const auto again = fcis::model::LoadWeights(path);
  if (!again.ok() || again->tensors.size() != weights.tensors.size()) {
    std::abort();
  }
}

}  // namespace

// Whatever the bytes and the format that they claim: a model whose tensors
// all fit its config, a backbone or an error.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fcis::MemoryFile file(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  const auto tensors = fcis::model::ReadTensors(file.path());
  if (tensors.ok()) {
    fcis::model::ImportBackbone(*tensors, Tiny(), "file").IgnoreError();
  }
  const absl::StatusOr<fcis::model::Weights> weights =
      fcis::model::LoadWeights(file.path());
  if (weights.ok()) {
    if (!fcis::model::CheckWeights(*weights).ok()) std::abort();
    WriteAndRead(*weights);
  }
  return 0;
}
