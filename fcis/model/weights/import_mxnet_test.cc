#include "fcis/model/weights/import_mxnet.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

std::string RealFile() { return GoldenPath("chainercv/mxnet_mini.params"); }

// What mx.nd.save wrote.
Weights RealWeights() {
  return DeterministicWeights(
      *Preset("parity_mini"),
      GoldenFile("chainercv/net_mini.npz").Int("weight_seed"));
}

template <typename T>
void Append(T value, std::string* bytes) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// In the list format, version 2.
std::string ParamsBytes(const std::map<std::string, Tensor>& arrays) {
  std::string bytes;
  for (const uint64_t v : {uint64_t{0x112}, uint64_t{0}, arrays.size()}) {
    Append(v, &bytes);
  }
  for (const auto& [name, t] : arrays) {
    Append(uint32_t{0xF993FAC9}, &bytes);
    Append(int32_t{0}, &bytes);  // dense
    Append(static_cast<uint32_t>(t.shape().rank()), &bytes);
    for (const int64_t extent : t.shape().extents()) Append(extent, &bytes);
    for (const int32_t v : {1, 0, 0}) Append(v, &bytes);  // device, type
    bytes.append(static_cast<const char*>(t.raw()), t.num_bytes());
  }
  Append(uint64_t{arrays.size()}, &bytes);
  for (const auto& [name, t] : arrays) {
    Append(uint64_t{name.size()}, &bytes);
    bytes += name;
  }
  return bytes;
}

// msracver's checkpoints hold the box layer twice.
TEST(ImportMxnet, TakesTheTrainedBoxLayerAndSaysSo) {
  auto arrays = *ReadMxnetParams(RealFile());
  for (const std::string name :
       {"arg:fcis_bbox_weight", "arg:fcis_bbox_bias"}) {
    Tensor scaled = arrays.at(name).Clone();
    for (float& v : scaled.mutable_span<float>()) v *= 0.2f;
    arrays[name + "_test"] = scaled;
  }
  const std::string path = absl::StrCat(::testing::TempDir(), "/both.params");
  ASSERT_TRUE(WriteFileAtomic(path, ParamsBytes(arrays)).ok());
  const auto got = ImportMxnet(path, *Preset("parity_mini"));
  ASSERT_TRUE(got.ok()) << got.status();
  const Weights want = RealWeights();
  for (const char* name : {"head/psroi_conv3/W", "head/psroi_conv3/b"}) {
    EXPECT_TRUE(AllEqual(got->tensors.at(name), want.tensors.at(name)));
  }
  EXPECT_THAT(got->remark, ::testing::HasSubstr("both.params"));
  EXPECT_THAT(got->remark, ::testing::HasSubstr("arg:fcis_bbox_bias_test, "
                                                "arg:fcis_bbox_weight_test"));
  // One that stands alone is read.
  arrays.erase("arg:fcis_bbox_bias");
  ASSERT_TRUE(WriteFileAtomic(path, ParamsBytes(arrays)).ok());
  const auto alone = ImportMxnet(path, *Preset("parity_mini"));
  ASSERT_TRUE(alone.ok()) << alone.status();
  EXPECT_NEAR(alone->tensors.at("head/psroi_conv3/b").data<float>()[0],
              0.2f * want.tensors.at("head/psroi_conv3/b").data<float>()[0],
              1e-9);
}

TEST(ImportMxnet, MxnetsOwnFile) {
  const auto got = ImportMxnet(RealFile(), *Preset("parity_mini"));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->remark, "");
  const Weights want = RealWeights();
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
  const std::string good = *ReadFile(RealFile());
  const std::string path = absl::StrCat(::testing::TempDir(), "/cut.params");
  for (size_t n = 0; n < good.size(); n = n < 200 ? n + 1 : n + 997) {
    ASSERT_TRUE(WriteFileAtomic(path, good.substr(0, n)).ok());
    const auto got = ReadMxnetParams(path);
    ASSERT_FALSE(got.ok()) << n;
    EXPECT_THAT(got.status().message(), ::testing::HasSubstr("cut.params"));
  }
}

TEST(ImportMxnet, RanksAreLimited) {
  const auto read = [](uint32_t rank) {
    std::map<std::string, Tensor> arrays;
    arrays["a"] = Tensor(*Shape::FromExtents(std::vector<int64_t>(rank, 1)));
    EXPECT_TRUE(
        WriteFileAtomic(::testing::TempDir() + "/rank", ParamsBytes(arrays))
            .ok());
    return ReadMxnetParams(::testing::TempDir() + "/rank").status();
  };
  EXPECT_EQ(read(kMaxMxnetRank), absl::OkStatus());
  EXPECT_THAT(read(kMaxMxnetRank + 1).message(),
              ::testing::HasSubstr("array 0 has rank 33"));
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
}  // namespace fcis::model
