// What the tests of losses begin with: a backend of every device that trains.
#ifndef FCIS_KERNELS_TESTING_LOSSES_TEST_CASE_H_
#define FCIS_KERNELS_TESTING_LOSSES_TEST_CASE_H_

#include <memory>
#include <string>

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/losses/network_losses.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/train/train_backend.h"
#include "gtest/gtest.h"

namespace fcis::kernels {

// The parameter names the backend.
class LossesTestCase : public ::testing::TestWithParam<std::string> {
 protected:
  Tensor There(const Tensor& t) { return *backend_->forward().ToDevice(t); }
  Tensor Here(const Tensor& t) { return *backend_->forward().ToHost(t); }
  Tensor Terms() {
    return *backend_->forward().AllocateMap({kNumLossTerms}, DType::kF64);
  }

  const std::unique_ptr<TrainBackend> backend_ =
      MakeTestTrainBackend(GetParam());
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TESTING_LOSSES_TEST_CASE_H_
