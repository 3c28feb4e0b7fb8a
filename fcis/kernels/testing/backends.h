// The backends that every kernel test runs on.
#ifndef FCIS_KERNELS_TESTING_BACKENDS_H_
#define FCIS_KERNELS_TESTING_BACKENDS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis::kernels {

// "ref", "cpu", "check:cpu,ref", "emulated", all in f32: parameters of a
// TEST_P. $FCIS_TEST_BACKENDS, names with commas, replaces them; if one of its
// names is not there (no GPU) all tests are skipped and say why.
std::vector<std::string> BackendNames();
// The same of those that train.
std::vector<std::string> TrainBackendNames();
// Whether a backend of these names is fast enough for ResNet-101: the plain
// loops, and those of the emulated GPU, would take hours.
bool RunsLargeNetworks(absl::string_view name);
// A test name of a backend name: letters and digits only.
std::string BackendTestName(absl::string_view name);

// Null only when this device cannot do the type: skip the test. CHECKs that the
// backend can be made otherwise.
std::unique_ptr<Backend> MakeTestBackend(absl::string_view name,
                                         DType activation_type = DType::kF32);

// As MakeTestBackend.
std::unique_ptr<TrainBackend> MakeTestTrainBackend(
    absl::string_view name, DType activation_type = DType::kF32);

// What an op gave, in host memory.
absl::StatusOr<Tensor> OnHost(Backend& backend, absl::StatusOr<Tensor> map);

// Values in [-1, 1) that depend on the name alone, rounded to `type`, one of
// maps.
Tensor RandomTensor(absl::string_view name, const Shape& shape,
                    DType type = DType::kF32);

// R boxes f32 [R,4] in and across a picture of `height` x `width`; some are
// empty, some lie outside.
Tensor RandomRois(absl::string_view name, int64_t count, float height,
                  float width);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TESTING_BACKENDS_H_
