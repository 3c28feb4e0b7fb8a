#include "fcis/train/checkpoint/checkpoint.h"

#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/digest.h"
#include "fcis/model/weights/safetensors.h"

namespace fcis::train {
namespace {

constexpr absl::string_view kOwnKeys = "checkpoint.";
constexpr char kIterationKey[] = "checkpoint.iteration";
constexpr char kDigestKey[] = "checkpoint.sha256";

constexpr absl::string_view kNameStart = "checkpoint_";
constexpr absl::string_view kNameEnd = ".safetensors";
constexpr size_t kNameDigits = 8;

// Over what the file means rather than over its bytes, so that the digest can
// stand in the same file: every name, type, shape, element and text, each with
// its length so that no two contents read the same.
class ContentDigest {
 public:
  std::string Of(const model::Safetensors& file) {
    for (const auto& [key, value] : file.metadata) {
      if (key == kDigestKey) continue;
      Text(key);
      Text(value);
    }
    Text("");
    for (const auto& [name, tensor] : file.tensors) {
      Text(name);
      Text(DTypeName(tensor.type()));
      Text(tensor.shape().ToString());
      Text({static_cast<const char*>(tensor.raw()),
            static_cast<size_t>(tensor.num_bytes())});
    }
    return digest_.Hex();
  }

 private:
  void Text(absl::string_view text) {
    digest_.Update(absl::StrCat(text.size(), ":"));
    digest_.Update(text);
  }

  Digest digest_ = Digest::Sha256();
};

absl::Status Damaged(const std::string& path, absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat(path, ": not a sound checkpoint: ", what));
}

// Removes the text under `key` and returns it.
std::string Take(const char* key, std::map<std::string, std::string>* from) {
  const auto found = from->find(key);
  if (found == from->end()) return "";
  std::string value = std::move(found->second);
  from->erase(found);
  return value;
}

}  // namespace

std::string CheckpointName(int64_t iteration) {
  return absl::StrFormat("%s%0*d%s", kNameStart, static_cast<int>(kNameDigits),
                         iteration, kNameEnd);
}

int64_t CheckpointIteration(absl::string_view name) {
  int64_t iteration;
  absl::string_view digits = name;
  if (!absl::ConsumePrefix(&digits, kNameStart) ||
      !absl::ConsumeSuffix(&digits, kNameEnd) ||
      !absl::SimpleAtoi(digits, &iteration) || iteration < 0 ||
      CheckpointName(iteration) != name) {
    return -1;
  }
  return iteration;
}

absl::Status WriteCheckpointFile(const std::string& path,
                                 const Checkpoint& checkpoint) {
  model::Safetensors file;
  file.tensors = checkpoint.tensors;
  for (const auto& [key, value] : checkpoint.state) {
    ABSL_RAW_CHECK(!absl::StartsWith(key, kOwnKeys), key.c_str());
    file.metadata[key] = value;
  }
  file.metadata[kIterationKey] = absl::StrCat(checkpoint.iteration);
  file.metadata[kDigestKey] = ContentDigest().Of(file);
  return model::WriteSafetensors(path, file);
}

absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path) {
  absl::StatusOr<model::Safetensors> file = model::ReadSafetensors(path);
  if (absl::IsInvalidArgument(file.status())) {
    return absl::DataLossError(file.status().message());
  }
  RETURN_IF_ERROR(file.status());
  const std::string expected = ContentDigest().Of(*file);
  const std::string digest = Take(kDigestKey, &file->metadata);
  if (digest.empty()) return Damaged(path, "it has no checksum");
  if (digest != expected) return Damaged(path, "its checksum does not match");

  Checkpoint checkpoint;
  if (!absl::SimpleAtoi(Take(kIterationKey, &file->metadata),
                        &checkpoint.iteration) ||
      checkpoint.iteration < 0) {
    return Damaged(path, "it states no iteration");
  }
  checkpoint.tensors = std::move(file->tensors);
  checkpoint.state = std::move(file->metadata);
  return checkpoint;
}

}  // namespace fcis::train
