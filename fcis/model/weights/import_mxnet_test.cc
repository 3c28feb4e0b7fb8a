#include "fcis/model/weights/import_mxnet.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/near.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

constexpr uint64_t kSeed = 7;  // of testdata/make_testdata.py
constexpr char kFile[] = "fcis/model/weights/testdata/mini_mxnet.params";

TEST(ImportMxnet, RealFile) {
  const auto got = ImportMxnet(kFile, *Preset("parity_mini"));
  ASSERT_TRUE(got.ok()) << got.status();
  const Weights want = DeterministicWeights(*Preset("parity_mini"), kSeed);
  ASSERT_EQ(got->tensors.size(), want.tensors.size());
  for (const auto& [name, tensor] : want.tensors) {
    EXPECT_TRUE(AllEqual(got->tensors.at(name), tensor)) << name;
  }
  EXPECT_EQ(got->config.head().psroi_rounding(),
            HeadConfig::ROUND_THEN_SCALE_INCLUSIVE);
}

TEST(NameFromMxnet, Samples) {
  EXPECT_EQ(NameFromMxnet("res5c_branch2b_weight"),
            "extractor/res5/res5_b2/conv2/W");
  EXPECT_EQ(NameFromMxnet("bn4b22_branch2c_moving_var"),
            "extractor/res4/res4_b22/bn3/avg_var");
  EXPECT_EQ(NameFromMxnet("bn2a_branch1_gamma"),
            "extractor/res2/res2_a/bn4/gamma");
  EXPECT_EQ(NameFromMxnet("bn_conv1_moving_mean"),
            "extractor/res1/bn1/avg_mean");
  EXPECT_EQ(NameFromMxnet("fcis_bbox_bias"), "head/psroi_conv3/b");
  EXPECT_EQ(NameFromMxnet("momentum"), "");
}

// Every truncation is an error, never a read past the end.
TEST(ReadMxnetParams, Truncations) {
  const std::string good = *ReadFile(kFile);
  const std::string path = absl::StrCat(::testing::TempDir(), "/cut.params");
  for (size_t n = 0; n < good.size(); n = n < 200 ? n + 1 : n + 997) {
    ASSERT_TRUE(WriteFileAtomic(path, good.substr(0, n)).ok());
    const auto got = ReadMxnetParams(path);
    ASSERT_FALSE(got.ok()) << n;
    EXPECT_THAT(got.status().message(), ::testing::HasSubstr("cut.params"));
  }
}

// As nd.save of an array without contents writes it: rank 0, then nothing.
TEST(ReadMxnetParams, ArrayWithoutContents) {
  std::string bytes("\x12\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  bytes.append("\1\0\0\0\0\0\0\0", 8);
  bytes.append("\xC9\xFA\x93\xF9\0\0\0\0\0\0\0\0", 12);
  const std::string path = absl::StrCat(::testing::TempDir(), "/none.params");
  ASSERT_TRUE(WriteFileAtomic(path, bytes).ok());
  EXPECT_THAT(ReadMxnetParams(path).status().message(),
              ::testing::HasSubstr("array 0 was never filled"));
}

}  // namespace
}  // namespace fcis
