#include "fcis/train/main/training_init.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/npz.h"
#include "fcis/core/testing/near.h"
#include "fcis/model/embedded/embedded_model.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/import_npz.h"
#include "fcis/model/weights/load.h"
#include "fcis/model/weights/safetensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint64_t kSeed = 5;

class TrainingInitTest : public ::testing::Test {
 protected:
  static std::string Path(const std::string& name) {
    return absl::StrCat(::testing::TempDir(), "/", name);
  }
  absl::StatusOr<TrainingInit> Make(const std::string& init) const {
    return MakeTrainingInit(init, config_, kSeed, nullptr);
  }
  void ExpectModel(const TrainingInit& got) const {
    ASSERT_EQ(got.weights.tensors.size(), model_.tensors.size());
    for (const auto& [name, tensor] : model_.tensors) {
      EXPECT_TRUE(AllEqual(got.weights.tensors.at(name), tensor)) << name;
    }
    EXPECT_THAT(got.statement, Not(HasSubstr("dropped")));
  }

  const ModelConfig config_ = *Preset("parity_mini");
  const model::Weights model_ = model::DeterministicWeights(config_, 1);
};

TEST_F(TrainingInitTest, WholeModels) {
  const std::string path = Path("model.safetensors");
  ASSERT_TRUE(model::SaveWeights(path, model_).ok());
  ASSERT_TRUE(Make(path).ok()) << Make(path).status();
  ExpectModel(*Make(path));
}

TEST_F(TrainingInitTest, HeadsOfOtherClassesAreMadeToFit) {
  ModelConfig more = config_;
  more.add_classes()->set_name("one more");
  const model::Weights other = model::DeterministicWeights(more, 2);
  ASSERT_TRUE(model::SaveWeights(Path("more.safetensors"), other).ok());
  const auto got = Make(Path("more.safetensors"));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_THAT(got->statement, HasSubstr("classes that it has: "));
  EXPECT_THAT(got->statement, Not(HasSubstr("random")));
  for (const auto& [name, tensor] : got->weights.tensors) {
    if (absl::StartsWith(name, "head/psroi_conv2/")) {
      // The one more came last.
      const auto rows = tensor.span<float>();
      const auto all = other.tensors.at(name).span<float>();
      EXPECT_EQ(rows, all.subspan(0, rows.size())) << name;
    } else {
      EXPECT_TRUE(AllEqual(tensor, other.tensors.at(name))) << name;
    }
  }
}

TEST_F(TrainingInitTest, TheEmbeddedModel) {
  const auto other_network = Make("embedded");
  EXPECT_THAT(other_network.status().ToString(),
              HasSubstr("the embedded model"));
  const model::Weights embedded = *model::EmbeddedModel();
  ModelConfig wheels = embedded.config;
  wheels.clear_classes();
  wheels.add_classes()->set_name("wheel");
  const auto got = MakeTrainingInit("embedded", wheels, kSeed, nullptr);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_THAT(got->statement,
              HasSubstr("new classes, from the mean of its own: wheel"));
  EXPECT_THAT(got->statement, Not(HasSubstr("random")));
  EXPECT_FALSE(got->digest.empty());
}

TEST_F(TrainingInitTest, BackboneOfAnotherProject) {
  std::vector<std::pair<std::string, Tensor>> arrays;
  for (const auto& [name, tensor] : model_.tensors) {
    // "extractor/res2/res2_a/conv1/W" -> "res2/a/conv1/W", as chainer's.
    if (!absl::StartsWith(name, "extractor/")) continue;
    std::string theirs = name.substr(std::string("extractor/").size());
    if (absl::StartsWith(theirs, "res1/")) {
      theirs = theirs.substr(5);
    } else {
      theirs.erase(5, 5);
    }
    arrays.emplace_back(theirs, tensor);
  }
  ASSERT_TRUE(WriteNpz(Path("resnet.npz"), arrays).ok());
  const auto got = Make(Path("resnet.npz"));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_TRUE(
      AllEqual(got->weights.tensors.at("extractor/res3/res3_b1/conv2/W"),
               model_.tensors.at("extractor/res3/res3_b1/conv2/W")));
  EXPECT_THAT(got->statement, HasSubstr("random: head/psroi_conv1/W"));

  arrays.pop_back();
  ASSERT_TRUE(WriteNpz(Path("resnet.npz"), arrays).ok());
  EXPECT_THAT(Make(Path("resnet.npz")).status().ToString(),
              HasSubstr("1 missing: res5/b1/conv3/W"));
}

TEST_F(TrainingInitTest, Case64AnotherDepthIsNamed) {
  ModelConfig deeper = config_;
  deeper.mutable_backbone()->set_blocks(1, 3);
  // Though every tensor of the shallower one is there.
  const std::string path = Path("deeper.safetensors");
  ASSERT_TRUE(
      model::SaveWeights(path, model::DeterministicWeights(deeper, 2)).ok());
  EXPECT_THAT(Make(path).status().ToString(),
              AllOf(HasSubstr("deeper.safetensors: this is a ResNet of 1, 3, "
                              "1, 2 bottlenecks, 4 channels wide"),
                    HasSubstr("wants a ResNet of 1, 2, 1, 2 bottlenecks")));
  const std::string model = Path("shallower.safetensors");
  ASSERT_TRUE(model::SaveWeights(model, model_).ok());
  EXPECT_THAT(
      MakeTrainingInit(model, deeper, kSeed, nullptr).status().ToString(),
      HasSubstr("lacks extractor/res3/res3_b2/conv1/W"));
}

TEST_F(TrainingInitTest, Case64AnotherNetworkIsShownByItsNames) {
  ASSERT_TRUE(WriteNpz(Path("other.npz"),
                       {{"stem.0.weight", Tensor::Zeros({4, 3, 3, 3})}})
                  .ok());
  EXPECT_THAT(Make(Path("other.npz")).status().ToString(),
              AllOf(HasSubstr("other.npz: no backbone"),
                    HasSubstr("is no ResNet that is known here: "
                              "stem.0.weight")));
}

TEST_F(TrainingInitTest, BackbonesWithMxnetsNames) {
  model::Safetensors file;
  for (const auto& [name, tensor] : model_.tensors) {
    if (absl::StartsWith(name, "extractor/")) file.tensors[name] = tensor;
  }
  const auto rename = [&file](const char* ours, const char* theirs) {
    file.tensors[theirs] = file.tensors.at(ours);
    file.tensors.erase(ours);
  };
  rename("extractor/res1/conv1/W", "arg:conv1_weight");
  rename("extractor/res3/res3_b1/bn2/avg_var", "aux:bn3b_branch2b_moving_var");
  ASSERT_TRUE(model::WriteSafetensors(Path("mx.safetensors"), file).ok());
  const auto got = Make(Path("mx.safetensors"));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_TRUE(AllEqual(got->weights.tensors.at("extractor/res1/conv1/W"),
                       model_.tensors.at("extractor/res1/conv1/W")));
}

TEST_F(TrainingInitTest, WithoutABackboneIsAnError) {
  model::Weights part = model_;
  part.tensors.erase("extractor/res1/conv1/W");
  ASSERT_TRUE(model::ExportNpz(Path("part.npz"), part).ok());
  EXPECT_THAT(Make(Path("part.npz")).status().ToString(),
              AllOf(HasSubstr("part.npz"), HasSubstr("no backbone"),
                    HasSubstr("extractor/res1/conv1/W")));
}

TEST_F(TrainingInitTest, PublishedNamesAreFetched) {
  ASSERT_TRUE(model::SaveWeights(Path("fetched.safetensors"), model_).ok());
  const auto got = MakeTrainingInit(
      "some_model", config_, kSeed, [](absl::string_view name) {
        EXPECT_EQ(name, "some_model");
        return absl::StatusOr<std::string>(Path("fetched.safetensors"));
      });
  ASSERT_TRUE(got.ok()) << got.status();
  ExpectModel(*got);
  EXPECT_THAT(
      Make("no_such_model").status().ToString(),
      AllOf(HasSubstr("no_such_model"), HasSubstr("tools:download -- models"),
            HasSubstr("--init scratch"),
            HasSubstr("file " + ResolvePath("no_such_model"))));
  EXPECT_THAT(MakeTrainingInit("no_such_model", config_, kSeed,
                               [](absl::string_view) {
                                 return absl::NotFoundError("no such name");
                               })
                  .status()
                  .ToString(),
              AllOf(HasSubstr("no such name"), Not(HasSubstr("To fetch"))));
  EXPECT_EQ(Make("/no/such.npz").status().message(),
            "--init /no/such.npz: no such file");
}

}  // namespace
}  // namespace fcis::train
