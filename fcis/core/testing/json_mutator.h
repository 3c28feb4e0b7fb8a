// Changes to JSON text that leave it JSON, for fuzz tests: what mutations of
// bytes rarely bring about, as the first parser refuses most of those.
#ifndef FCIS_CORE_TESTING_JSON_MUTATOR_H_
#define FCIS_CORE_TESTING_JSON_MUTATOR_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace fcis {

// The text with one change, which `seed` chooses: a value takes the place of
// another, is repeated, left out, wrapped in an array, or becomes one that
// parsers get wrong (an absurd number, an empty string, null). Text that is no
// JSON comes back with whatever that does to it; of text without a value comes
// one.
std::string MutateJson(absl::string_view text, uint32_t seed);

// The same of a safetensors file's header, whose length is set right. For even
// seeds the tensors are laid out anew, so that a changed shape or type has as
// many bytes as it asks for; else the data stay. What is no such file comes
// back as it is.
std::string MutateSafetensors(absl::string_view file, uint32_t seed);

// For LLVMFuzzerCustomMutator: `mutate` on two of three calls, libFuzzer's own
// `bytes` (LLVMFuzzerMutate) on the third and where the result has no room.
size_t MutateStructure(uint8_t* data, size_t size, size_t max_size,
                       uint32_t seed,
                       std::string (*mutate)(absl::string_view, uint32_t),
                       size_t (*bytes)(uint8_t*, size_t, size_t));

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_JSON_MUTATOR_H_
