#include "fcis/kernels/testing/backends.h"

#include <cctype>
#include <cstdlib>
#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/testing/skip_program.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/check/check_backend.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ref/ref_backend.h"
#include "fcis/kernels/testing/emulated_backend.h"
#include "fcis/kernels/train/train_backend_factory.h"
#include "gtest/gtest.h"

namespace fcis::kernels {

namespace {

// What the environment asks for, else `names`.
std::vector<std::string> Asked(std::vector<std::string> names) {
  const char* asked = std::getenv("FCIS_TEST_BACKENDS");
  if (asked == nullptr) return names;
  return absl::StrSplit(asked, ',');
}

// Skips everything when a backend that was asked for is not there.
class AskedBackends : public ::testing::Environment {
 public:
  void SetUp() override {
    for (const std::string& name : Asked({})) {
      const absl::Status status = MakeBackend(name, Precision::kF32).status();
      if (!status.ok()) SkipProgram(status.message());
    }
  }
};

[[maybe_unused]] const ::testing::Environment* const asked_backends =
    ::testing::AddGlobalTestEnvironment(new AskedBackends);

}  // namespace

std::vector<std::string> BackendNames() {
  return Asked(
      {"ref", "cpu", "check:cpu,ref", "emulated", "check:emulated,ref"});
}

std::vector<std::string> TrainBackendNames() {
  return Asked({"ref", "cpu", "emulated"});
}

bool RunsLargeNetworks(absl::string_view name) {
  return name == "cpu" || name == "cuda";
}

std::string BackendTestName(absl::string_view name) {
  std::string result;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c))) result += c;
  }
  return result;
}

namespace {

Precision PrecisionOf(DType type) {
  return type == DType::kF32    ? Precision::kF32
         : type == DType::kBF16 ? Precision::kBF16
                                : Precision::kF16;
}

}  // namespace

std::unique_ptr<Backend> MakeTestBackend(absl::string_view name,
                                         DType activation_type) {
  if (name == "emulated") return MakeEmulatedBackend(activation_type);
  if (name == "check:emulated,ref") {
    return MakeCheckBackend(MakeEmulatedBackend(activation_type),
                            MakeRefBackend(activation_type));
  }
  auto backend = MakeBackend(name, PrecisionOf(activation_type));
  if (absl::IsUnimplemented(backend.status())) return nullptr;
  ABSL_RAW_CHECK(backend.ok(), "MakeBackend");
  return std::move(backend).value();
}

std::unique_ptr<TrainBackend> MakeTestTrainBackend(absl::string_view name,
                                                   DType activation_type) {
  if (name == "emulated") return MakeEmulatedTrainBackend(activation_type);
  auto backend = MakeTrainBackend(name, PrecisionOf(activation_type));
  if (absl::IsUnimplemented(backend.status())) return nullptr;
  ABSL_RAW_CHECK(backend.ok(), "MakeTrainBackend");
  return std::move(backend).value();
}

absl::StatusOr<Tensor> OnHost(Backend& backend, absl::StatusOr<Tensor> map) {
  if (!map.ok()) return map;
  return backend.ToHost(*map);
}

Tensor RandomTensor(absl::string_view name, const Shape& shape, DType type) {
  const uint64_t key = RngKey(name, 1);
  Tensor t(shape, type);
  for (int64_t i = 0; i < t.num_elements(); ++i) {
    const float value = RngSymmetric(key, i);
    WithMapType(type, [&](auto tag) {
      StoreF32(value, t.mutable_data<MapElement<decltype(tag)>>() + i);
    });
  }
  return t;
}

Tensor RandomRois(absl::string_view name, int64_t count, float height,
                  float width) {
  const uint64_t key = RngKey(name, 2);
  Tensor rois(Shape{count, 4});
  float* roi = rois.mutable_data<float>();
  for (int64_t r = 0; r < count; ++r, roi += 4) {
    for (int k = 0; k < 4; ++k) {
      const float t = RngSymmetric(key, 4 * r + k) * 0.7f + 0.5f;
      roi[k] = t * (k % 2 == 0 ? width : height);
    }
    if (r % 5 == 0) continue;  // corners in any order: an empty RoI at times
    if (roi[0] > roi[2]) std::swap(roi[0], roi[2]);
    if (roi[1] > roi[3]) std::swap(roi[1], roi[3]);
  }
  return rois;
}

}  // namespace fcis::kernels
