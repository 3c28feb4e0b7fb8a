#include "fcis/tools/train_selftest.h"

#include "absl/status/status.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/testing/backends.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

using ::testing::HasSubstr;

class SelfTest : public ::testing::TestWithParam<std::string> {};

TEST_P(SelfTest, Trains) {
  const auto backend = kernels::MakeTestTrainBackend(GetParam(), DType::kF32);
  ASSERT_NE(backend, nullptr);
  const absl::Status status = SelfTestTraining(backend.get());
  EXPECT_TRUE(status.ok()) << status;
}

INSTANTIATE_TEST_SUITE_P(Backends, SelfTest,
                         ::testing::ValuesIn(kernels::TrainBackendNames()),
                         [](const auto& info) {
                           return kernels::BackendTestName(info.param);
                         });

TEST(SelfTestTrainingTest, SaysWhatDiffers) {
  // Coarser arithmetic is what a wrong kernel looks like.
  const auto backend = kernels::MakeTestTrainBackend("emulated", DType::kBF16);
  const absl::Status status = SelfTestTraining(backend.get());
  EXPECT_EQ(ExitCode(status), kExitVerification) << status;
  EXPECT_THAT(status.message(), HasSubstr("expected"));
}

TEST(RunTrainingTestTest, SaysHowItWent) {
  const SelfTestResult good = RunTrainingTest("ref");
  EXPECT_EQ(good.name, "training step, f32");
  EXPECT_TRUE(good.status.ok()) << good.status;
  EXPECT_THAT(RunTrainingTest("nothing").status.message(),
              HasSubstr("nothing"));
}

}  // namespace
}  // namespace fcis::tools
