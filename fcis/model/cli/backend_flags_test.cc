#include "fcis/model/cli/backend_flags.h"

#include <optional>

#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/flag_parser.h"
#include "fcis/kernels/ref/ref_backend.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<std::unique_ptr<kernels::Backend>> Make(
    const std::vector<std::string>& args) {
  absl::FlagSaver saver;
  EXPECT_TRUE(ParseFlags(args, {}).ok());
  return BackendFromFlags();
}

void ExpectUsageError(const std::vector<std::string>& args,
                      const std::string& text) {
  const absl::Status status = Make(args).status();
  EXPECT_EQ(ExitCode(status), kExitUsage) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(text));
}

std::string NameOf(const std::vector<std::string>& args) {
  const absl::StatusOr<std::unique_ptr<kernels::Backend>> backend = Make(args);
  if (!backend.ok()) return backend.status().ToString();
  return std::string((*backend)->name());
}

TEST(BackendFlagsTest, Devices) {
  EXPECT_EQ(NameOf({"--device=cpu"}), "cpu");
  EXPECT_EQ(NameOf({"--device=ref"}), "ref");
  EXPECT_EQ(NameOf({"--device=check:cpu,ref"}), "check:cpu,ref");
  EXPECT_EQ(NameOf({"--gpu", "-1"}), "cpu");
  EXPECT_EQ(NameOf({"--gpu=-1", "--device=cpu"}), "cpu");
}

TEST(BackendFlagsTest, AutoFindsADevice) { EXPECT_TRUE(Make({}).ok()); }

TEST(BackendFlagsTest, Precision) {
  const auto f32 = Make({"--device=cpu", "--precision=f32"});
  ASSERT_TRUE(f32.ok()) << f32.status();
  EXPECT_EQ((*f32)->activation_type(), DType::kF32);
}

// What a backend that knows 8 bits computes with such weights.
std::string Settled(const std::vector<std::string>& args,
                    std::optional<float> loss, Weights* weights) {
  absl::FlagSaver saver;
  EXPECT_TRUE(ParseFlags(args, {}).ok());
  weights->int8.kernels["layer"] = {};
  weights->int8.loss = loss;
  return SettlePrecision(*kernels::MakeRefBackend(DType::kF32, /*int8=*/true),
                         weights);
}

TEST(BackendFlagsTest, AutoTakes8BitsThatLoseLittle) {
  Weights weights;
  EXPECT_THAT(Settled({}, 0.031f, &weights), HasSubstr("off by 3.1 %"));
  EXPECT_FALSE(weights.int8.empty());
  EXPECT_THAT(Settled({"--auto_loss=0.03"}, 0.031f, &weights),
              HasSubstr("int8 is off by 3.1 %, more than"));
  EXPECT_TRUE(weights.int8.empty());
  EXPECT_THAT(Settled({}, std::nullopt, &weights),
              HasSubstr("was not measured"));
  EXPECT_TRUE(weights.int8.empty());
  EXPECT_EQ(Settled({"--precision=int8"}, std::nullopt, &weights), "int8");
  EXPECT_FALSE(weights.int8.empty());
}

TEST(BackendFlagsTest, AutoTakesF32WhereBf16LosesTooMuch) {
  const auto exact = Make({"--device=cpu", "--auto_loss=0"});
  ASSERT_TRUE(exact.ok()) << exact.status();
  EXPECT_EQ((*exact)->activation_type(), DType::kF32);
  ExpectUsageError({"--auto_loss=-1"}, "expected at least 0");
}

TEST(BackendFlagsTest, Algorithms) {
  EXPECT_TRUE(Make({"--device=cpu", "--conv=winograd"}).ok());
  ExpectUsageError({"--conv=fast"}, "direct");
}

TEST(BackendFlagsTest, PrecisionsOfAGpu) {
  for (const char* name : {"tf32", "fp16"}) {
    const absl::Status status =
        Make({"--device=cpu", absl::StrCat("--precision=", name)}).status();
    EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(absl::StrCat("no ", name)));
  }
}

TEST(BackendFlagsTest, Threads) {
  const int before = NumThreads();
  ASSERT_TRUE(Make({"--device=cpu", "--threads=1"}).ok());
  EXPECT_EQ(NumThreads(), 1);
  SetNumThreads(before);
}

TEST(BackendFlagsTest, UsageErrors) {
  ExpectUsageError({"--device=cpa"}, "did you mean cpu?");
  ExpectUsageError({"--device=check:cpu"}, "expected two devices");
  ExpectUsageError({"--device=check:cpu,reff"}, "did you mean ref?");
  ExpectUsageError({"--precision=f16"},
                   "expected auto, bf16, f32, fp16, int8, tf32");
  ExpectUsageError({"--threads=-2"}, "--threads=-2");
  ExpectUsageError({"--gpu=-2"}, "--gpu=-2");
  ExpectUsageError({"--gpu=0", "--device=cpu"}, "--gpu=0 means --device=cuda");
}

TEST(BackendFlagsTest, DetailsNameWhatIsCompiledIn) {
  const std::string details = DeviceDetails();
  EXPECT_THAT(details, HasSubstr("oneDNN"));
  EXPECT_THAT(details, HasSubstr("cuDNN"));
  EXPECT_THAT(details, HasSubstr("CUDA driver"));
  EXPECT_EQ(details.back(), '\n');
}

TEST(BackendFlagsTest, NamesAreFlags) {
  for (const std::string& name : BackendFlagNames()) {
    EXPECT_EQ(OwnFlags().count(name), 1u) << name;
  }
}

}  // namespace
}  // namespace fcis::model
