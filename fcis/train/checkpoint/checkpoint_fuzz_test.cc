// Files that may be checkpoints. As a changed one nearly never has its
// checksum, what is in it is also written anew, and must come back.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "fcis/core/testing/json_mutator.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/core/testing/scratch_path.h"
#include "fcis/model/weights/safetensors.h"
#include "fcis/train/checkpoint/checkpoint.h"

namespace fcis::train {
namespace {

void WriteAndRead(const model::Safetensors& file) {
  Checkpoint checkpoint;
  checkpoint.iteration = static_cast<int64_t>(file.metadata.size());
  checkpoint.tensors = file.tensors;
  for (const auto& [key, value] : file.metadata) {
    if (!absl::StartsWith(key, "checkpoint.")) checkpoint.state[key] = value;
  }
  static const std::string path =
      ScratchPath("fcis_fuzz_checkpoint.safetensors");
  const absl::Status written = WriteCheckpointFile(path, checkpoint);
  if (!written.ok()) return;
  const auto again = ReadCheckpoint(path);
  ABSL_RAW_CHECK(again.ok(), std::string(again.status().message()).c_str());
  ABSL_RAW_CHECK(again->iteration == checkpoint.iteration, "iteration");
  ABSL_RAW_CHECK(again->state == checkpoint.state, "state");
  ABSL_RAW_CHECK(again->tensors.size() == checkpoint.tensors.size(), "tensors");
}

}  // namespace
}  // namespace fcis::train

#ifdef FCIS_FUZZ
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned seed) {
  return fcis::MutateStructure(data, size, max_size, seed,
                               fcis::MutateSafetensors, LLVMFuzzerMutate);
}
#endif

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const fcis::MemoryFile file(bytes);
  const auto checkpoint = fcis::train::ReadCheckpoint(file.path());
  ABSL_RAW_CHECK(!checkpoint.ok() || checkpoint->iteration >= 0, "iteration");
  const auto tensors = fcis::model::ReadSafetensors(file.path());
  if (tensors.ok()) fcis::train::WriteAndRead(*tensors);
  // The first bytes as a name.
  const int64_t iteration =
      fcis::train::CheckpointIteration(bytes.substr(0, 100));
  if (iteration >= 0) {
    ABSL_RAW_CHECK(
        fcis::train::CheckpointName(iteration) == bytes.substr(0, 100), "name");
  }
  return 0;
}
