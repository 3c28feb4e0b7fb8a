#include "fcis/kernels/backend_factory.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

TEST(MakeBackend, KnownNames) {
  for (const char* name : {"cpu", "ref", "check:cpu,ref", "check:ref,cpu"}) {
    const auto backend = MakeBackend(name, Precision::kF32);
    ASSERT_TRUE(backend.ok()) << backend.status();
    EXPECT_EQ((*backend)->name(), name);
    EXPECT_EQ((*backend)->activation_type(), DType::kF32);
  }
}

TEST(MakeBackend, Bf16OnRequest) {
  const auto backend = MakeBackend("ref", Precision::kBF16);
  ASSERT_TRUE(backend.ok()) << backend.status();
  EXPECT_EQ((*backend)->activation_type(), DType::kBF16);
}

TEST(MakeBackend, PlainLoopsGainNothingFromBf16) {
  EXPECT_EQ((*MakeBackend("ref", Precision::kAuto))->activation_type(),
            DType::kF32);
}

TEST(MakeBackend, PrecisionsOfAGpuSayWhatToUse) {
  for (const char* name : {"cpu", "ref", "check:cpu,ref"}) {
    for (const Precision precision : {Precision::kTF32, Precision::kF16}) {
      const absl::Status status = MakeBackend(name, precision).status();
      EXPECT_TRUE(absl::IsUnimplemented(status)) << name << ": " << status;
      EXPECT_THAT(std::string(status.message()),
                  AllOf(HasSubstr("which cuda has"), HasSubstr("use f32")));
    }
  }
}

TEST(MapTypeOf, TypesOfTheGpu) {
  EXPECT_EQ(*MapTypeOf("cuda", Precision::kAuto), DType::kBF16);
  EXPECT_EQ(*MapTypeOf("cuda", Precision::kF32), DType::kF32);
  EXPECT_EQ(*MapTypeOf("cuda", Precision::kTF32), DType::kF32);
  EXPECT_EQ(*MapTypeOf("cuda", Precision::kF16), DType::kF16);
}

TEST(MakeBackend, ErrorsSayWhatIsKnown) {
  const auto message = [](const char* name) {
    return std::string(MakeBackend(name, Precision::kAuto).status().message());
  };
  EXPECT_THAT(message("gpu"), HasSubstr("'gpu', expected cpu, ref"));
  EXPECT_THAT(message(""), HasSubstr("expected cpu, ref"));
  EXPECT_THAT(message("check:cpu"), HasSubstr("expected two names"));
  EXPECT_THAT(message("check:cpu,ref,cpu"), HasSubstr("expected two names"));
  EXPECT_THAT(message("check:cpu,foo"), HasSubstr("'foo'"));
}

TEST(MakeBackend, WithoutAGpuCudaSaysWhy) {
  const absl::Status cuda = MakeBackend("cuda", Precision::kAuto).status();
  if (cuda.ok()) GTEST_SKIP() << "there is a GPU";
  EXPECT_THAT(std::string(cuda.message()),
              AnyOf(HasSubstr("not compiled in"), HasSubstr("no GPU: ")));
}

TEST(MakeBackend, Int8) {
  const auto ref = MakeBackend("ref", Precision::kInt8);
  ASSERT_TRUE(ref.ok()) << ref.status();
  EXPECT_EQ((*ref)->precision(), "int8");
  EXPECT_TRUE((*ref)->computes_int8());
  EXPECT_FALSE((*MakeBackend("ref", Precision::kAuto))->computes_int8());
  for (const auto precision : {Precision::kF32, Precision::kBF16}) {
    const auto cpu = MakeBackend("cpu", precision);
    if (!cpu.ok()) continue;
    EXPECT_FALSE((*cpu)->computes_int8());
  }
  const auto check = MakeBackend("check:ref,ref", Precision::kInt8);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_EQ((*check)->precision(), "int8");
  EXPECT_TRUE((*check)->computes_int8());
  EXPECT_TRUE(
      absl::IsUnimplemented(MapTypeOf("cuda", Precision::kInt8).status()));
}

TEST(ParseConvAlgorithm, NamesAndErrors) {
  EXPECT_EQ(*ParseConvAlgorithm("auto"), ConvAlgorithm::kAuto);
  EXPECT_EQ(*ParseConvAlgorithm("direct"), ConvAlgorithm::kDirect);
  EXPECT_EQ(*ParseConvAlgorithm("winograd"), ConvAlgorithm::kWinograd);
  EXPECT_THAT(std::string(ParseConvAlgorithm("fft").status().message()),
              HasSubstr("direct"));
}

TEST(ParsePrecision, NamesAndErrors) {
  EXPECT_EQ(*ParsePrecision("auto"), Precision::kAuto);
  EXPECT_EQ(*ParsePrecision("f32"), Precision::kF32);
  EXPECT_EQ(*ParsePrecision("bf16"), Precision::kBF16);
  EXPECT_EQ(*ParsePrecision("tf32"), Precision::kTF32);
  EXPECT_EQ(*ParsePrecision("fp16"), Precision::kF16);
  EXPECT_EQ(*ParsePrecision("int8"), Precision::kInt8);
  EXPECT_THAT(std::string(ParsePrecision("f16").status().message()),
              HasSubstr("expected auto, f32, tf32, bf16, fp16 or int8"));
}

}  // namespace
}  // namespace fcis::kernels
