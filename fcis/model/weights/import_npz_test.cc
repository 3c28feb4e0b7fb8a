#include "fcis/model/weights/import_npz.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/config/purpose.h"
#include "fcis/core/io/npz.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kSeed = 7;  // of testdata/make_testdata.py

std::string Testdata(absl::string_view name) {
  return absl::StrCat("fcis/model/weights/testdata/", name);
}

std::string Path(absl::string_view name) {
  return absl::StrCat(::testing::TempDir(), "/", name);
}

void ExpectDeterministic(const Weights& got) {
  const Weights want = DeterministicWeights(*Preset("parity_mini"), kSeed);
  ASSERT_EQ(got.tensors.size(), want.tensors.size());
  for (const auto& [name, tensor] : want.tensors) {
    EXPECT_TRUE(AllEqual(got.tensors.at(name), tensor)) << name;
  }
}

TEST(ImportNpz, ChainerFcis) {
  const auto got =
      ImportNpz(Testdata("mini_chainer_fcis.npz"), *Preset("parity_mini"));
  ASSERT_TRUE(got.ok()) << got.status();
  ExpectDeterministic(*got);
  EXPECT_EQ(got->config.head().psroi_rounding(), HeadConfig::ROUND_THEN_SCALE);
  EXPECT_FLOAT_EQ(got->config.backbone().bn_eps_projection(), 2e-5f);
}

// As chainer's serializers.save_npz wrote it.
TEST(ImportNpz, ChainercvsOwnFile) {
  const GoldenFile golden("chainercv/weights_mini.npz");
  const Weights want = DeterministicWeights(
      *Preset("parity_mini"),
      GoldenFile("chainercv/net_mini.npz").Int("weight_seed"));
  const auto got = ImportNpz(GoldenPath("chainercv/weights_mini.npz"),
                             *Preset("parity_mini"));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->tensors.size(), want.tensors.size());
  int counters = 0;
  for (const std::string& name : golden.names()) {
    const Tensor stored = golden.Get(name);
    if (absl::EndsWith(name, "/bn/N")) {
      ++counters;
      EXPECT_EQ(stored.data<int64_t>()[0], 0) << name;
      continue;
    }
    const std::string ours = NameFromChainercv(name);
    ASSERT_EQ(got->tensors.count(ours), 1u) << name;
    EXPECT_TRUE(AllEqual(got->tensors.at(ours), stored)) << name;
    EXPECT_TRUE(AllEqual(want.tensors.at(ours), stored)) << name;
  }
  EXPECT_EQ(golden.names().size(), want.tensors.size() + counters);
}

TEST(ImportNpz, ChainercvBringsItsRules) {
  const auto got = ImportNpz(GoldenPath("chainercv/weights_mini.npz"),
                             *Preset("parity_mini"));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->config.rpn().min_size_ratio(), RpnConfig::WIDTH);
  EXPECT_EQ(PostprocessFor(got->config, Purpose::kShow).score_thresh(), 0.7);
  EXPECT_EQ(PostprocessFor(got->config, Purpose::kShow).min_drop_size(), 16);
  EXPECT_EQ(PostprocessFor(got->config, Purpose::kScore).score_thresh(), 1e-3);
  EXPECT_EQ(PostprocessFor(got->config, Purpose::kScore).min_drop_size(), 2);
  EXPECT_EQ(got->config.head().psroi_rounding(), HeadConfig::NONE);
  EXPECT_FLOAT_EQ(got->config.backbone().bn_eps_stem(), 2e-5f);
  EXPECT_FLOAT_EQ(got->config.backbone().bn_eps_projection(), 1e-5f);
  EXPECT_EQ(got->config.postprocess().voting_rule(),
            PostprocessConfig::CHAINERCV);
}

TEST(ImportNpz, ConfigIsInferred) {
  const auto got = ImportNpz(Testdata("mini_chainer_fcis.npz"), absl::nullopt);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->config.classes_size(), 2);
}

TEST(ImportNpz, NamesWhatDoesNotFit) {
  const auto got =
      ImportNpz(Testdata("mini_chainer_fcis.npz"), *Preset("parity_small"));
  EXPECT_THAT(got.status().message(), HasSubstr("mini_chainer_fcis.npz"));
  EXPECT_THAT(got.status().message(), HasSubstr("missing"));
  EXPECT_THAT(got.status().message(), HasSubstr("of another shape"));
}

TEST(ExportNpz, RoundTripWithCounters) {
  const Weights weights = DeterministicWeights(*Preset("parity_mini"), kSeed);
  const std::string path = Path("out.npz");
  ASSERT_TRUE(ExportNpz(path, weights).ok());
  const auto got = ImportNpz(path, *Preset("parity_mini"));
  ASSERT_TRUE(got.ok()) << got.status();
  ExpectDeterministic(*got);
  // The same members as the real library writes.
  const auto ours = *NpzFile::Open(path);
  const auto theirs = *NpzFile::Open(Testdata("mini_chainer_fcis.npz"));
  EXPECT_THAT(ours->names(),
              ::testing::UnorderedElementsAreArray(theirs->names()));
}

TEST(NameFromChainercv, Samples) {
  EXPECT_EQ(NameFromChainercv("extractor/conv1/conv/W"),
            "extractor/res1/conv1/W");
  EXPECT_EQ(NameFromChainercv("extractor/res4/b7/conv2/bn/gamma"),
            "extractor/res4/res4_b7/bn2/gamma");
  EXPECT_EQ(NameFromChainercv("extractor/res2/a/residual_conv/conv/W"),
            "extractor/res2/res2_a/conv4/W");
  EXPECT_EQ(NameFromChainercv("head/ag_loc/b"), "head/psroi_conv3/b");
  EXPECT_EQ(NameFromChainercv("rpn/conv1/W"), "rpn/conv1/W");
}

}  // namespace
}  // namespace fcis::model
