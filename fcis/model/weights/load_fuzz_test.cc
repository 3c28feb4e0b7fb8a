#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "fcis/core/testing/json_mutator.h"
#include "fcis/core/testing/memory_file.h"
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

// Whatever the bytes and the format that they claim: a model whose tensors
// all fit its config, or an error.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fcis::MemoryFile file(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  fcis::model::ReadTensors(file.path()).IgnoreError();
  const absl::StatusOr<fcis::model::Weights> weights =
      fcis::model::LoadWeights(file.path());
  if (weights.ok() && !fcis::model::CheckWeights(*weights).ok()) std::abort();
  return 0;
}
