#include "fcis/tools/selftest.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/io/file.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/testing/backends.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

using ::testing::HasSubstr;

class SelfTest : public ::testing::TestWithParam<std::string> {};

TEST_P(SelfTest, Detects) {
  for (const DType type : {DType::kF32, DType::kBF16, DType::kF16}) {
    const auto backend = kernels::MakeTestBackend(
        absl::StrCat("check:", GetParam(), ",ref"), type);
    if (backend == nullptr) continue;
    const absl::Status status = SelfTestDetection(backend.get());
    EXPECT_TRUE(status.ok()) << DTypeName(type) << ": " << status;
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, SelfTest,
                         ::testing::ValuesIn(kernels::TrainBackendNames()),
                         [](const auto& info) {
                           return kernels::BackendTestName(info.param);
                         });

TEST(RunDetectionTestsTest, NamesWhatItRan) {
  const std::vector<SelfTestResult> results = RunDetectionTests("ref");
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].name, "detection, f32");
  for (const SelfTestResult& r : results) {
    EXPECT_TRUE(r.status.ok()) << r.name << ": " << r.status;
  }
  for (const SelfTestResult& r : RunDetectionTests("nothing")) {
    EXPECT_THAT(r.status.message(), HasSubstr("nothing")) << r.name;
  }
}

TEST(SelfTestOnceTest, RemembersWhatPassed) {
  const std::string marker = ::testing::TempDir() + "/cache/fcis/selftest_ref";
  const auto first = SelfTestOnce("ref", marker);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(*first);
  EXPECT_FALSE(*SelfTestOnce("ref", marker));
  ASSERT_TRUE(WriteFileAtomic(marker, "another version").ok());
  EXPECT_TRUE(*SelfTestOnce("ref", marker));
}

TEST(SelfTestOnceTest, PassesWhereNothingCanBeWritten) {
  EXPECT_TRUE(*SelfTestOnce("ref", "/proc/none/marker"));
}

TEST(SelfTestOnceTest, SaysWhatFailed) {
  const std::string marker = ::testing::TempDir() + "/selftest_nothing";
  const absl::Status status = SelfTestOnce("nothing", marker).status();
  EXPECT_EQ(ExitCode(status), kExitVerification);
  EXPECT_THAT(status.message(), HasSubstr("detection, f32"));
  EXPECT_FALSE(ReadFile(marker).ok());
}

}  // namespace
}  // namespace fcis::tools
