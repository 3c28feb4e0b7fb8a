#include "fcis/model/cli/model_choice.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "fcis/core/config/presets.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/load.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ModelChoiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    home_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    setenv("HOME", home_.c_str(), 1);
    fs::create_directories(home_);
  }

  std::string Touch(const std::string& name) {
    const fs::path path = home_ / "data/models" / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "not a model";
    return path.string();
  }

  fs::path home_;
};

TEST_F(ModelChoiceTest, PrefersThePublishedCocoModels) {
  EXPECT_EQ(FindModel(ModelDirectory()), "");
  const std::string own = Touch("fcis_mine.safetensors");
  Touch("resnet101.npz");
  EXPECT_EQ(FindModel(ModelDirectory()), own);
  const std::string voc = Touch("chainer/fcis_voc_trained.npz");
  EXPECT_EQ(FindModel(ModelDirectory()), voc);
  const std::string coco = Touch("chainer/fcis_coco.npz");
  EXPECT_EQ(FindModel(ModelDirectory()), coco);
}

TEST_F(ModelChoiceTest, WithoutAnyModelTheEmbeddedOne) {
  const absl::StatusOr<ModelChoice> choice = ChooseModel("", nullptr, nullptr);
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_EQ(choice->weights.source, "the embedded model");
  EXPECT_TRUE(CheckWeights(choice->weights).ok());
  EXPECT_EQ(choice->statement,
            "model: the embedded one (person, car, cat, dog), for no model was "
            "named (-m FILE) and " +
                ModelDirectory() + " holds none");
}

TEST_F(ModelChoiceTest, FetchesWhatIsMissing) {
  std::vector<std::string> asked;
  const std::string path = (home_ / "fetched.safetensors").string();
  const ModelFetcher fetch =
      [&](absl::string_view name) -> absl::StatusOr<std::string> {
    asked.emplace_back(name);
    if (name == "unknown.npz") return absl::NotFoundError("no such name");
    if (name == "away") return absl::UnavailableError("no network");
    return path;
  };
  const auto config = Preset("parity_mini");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_TRUE(SaveWeights(path, DeterministicWeights(*config, 1)).ok());
  EXPECT_TRUE(ChooseModel("published", fetch, nullptr).ok());
  // A file needs no download, and what is no name is a missing file.
  EXPECT_TRUE(ChooseModel(path, fetch, nullptr).ok());
  EXPECT_THAT(ChooseModel("unknown.npz", fetch, nullptr).status().ToString(),
              AllOf(HasSubstr("/unknown.npz"), HasSubstr("no such name")));
  EXPECT_THAT(ChooseModel("away", fetch, nullptr).status().ToString(),
              HasSubstr("no network"));
  EXPECT_THAT(asked,
              ::testing::ElementsAre("published", "unknown.npz", "away"));
}

// What arrives but is no model counts as failed: the fetcher hears of it.
TEST_F(ModelChoiceTest, TakesTheFirstDefaultModelThatOpens) {
  const std::string bad = (home_ / "bad.npz").string();
  const std::string good = (home_ / "good.safetensors").string();
  std::ofstream(bad) << "<html>";
  ASSERT_TRUE(
      SaveWeights(good, DeterministicWeights(*Preset("parity_mini"), 1)).ok());
  const DefaultModelFetcher fetch_default =
      [&](const auto& opens) -> absl::StatusOr<std::string> {
    EXPECT_THAT(opens(bad).ToString(), HasSubstr("an HTML page"));
    EXPECT_TRUE(opens(good).ok());
    return good;
  };
  const auto choice = ChooseModel("", nullptr, fetch_default);
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_EQ(choice->statement, "model: " + good + " (downloaded)");
  EXPECT_EQ(choice->weights.source, good);
  EXPECT_TRUE(CheckWeights(choice->weights).ok());
}

TEST_F(ModelChoiceTest, WithoutANetworkItTakesTheEmbeddedOneAndSaysWhy) {
  const auto choice = ChooseModel("", nullptr, [](const auto&) {
    return absl::UnavailableError("no network: example.org");
  });
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_EQ(choice->weights.source, "the embedded model");
  EXPECT_THAT(choice->statement, HasSubstr("no network: example.org\n"));
  EXPECT_THAT(choice->statement, HasSubstr("embedded"));
}

TEST_F(ModelChoiceTest, ABadFileIsAnErrorAndNotReplaced) {
  const std::string found = Touch("fcis_coco.npz");
  EXPECT_THAT(ChooseModel("", nullptr, nullptr).status().ToString(),
              HasSubstr(found));
  const std::string missing = (home_ / "no.npz").string();
  EXPECT_THAT(ChooseModel(missing, nullptr, nullptr).status().ToString(),
              HasSubstr(missing));
}

}  // namespace
}  // namespace fcis::model
