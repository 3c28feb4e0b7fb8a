#include "fcis/model/cli/model_choice.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

namespace fs = std::filesystem;
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

TEST_F(ModelChoiceTest, WithoutAnyModelItSaysUntrained) {
  const absl::StatusOr<ModelChoice> choice = ChooseModel("");
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_FALSE(choice->trained);
  EXPECT_EQ(choice->weights.config.classes_size(), 80);
  EXPECT_TRUE(CheckWeights(choice->weights).ok());
  EXPECT_THAT(choice->statement, HasSubstr("untrained"));
  EXPECT_THAT(choice->statement, HasSubstr("meaningless"));
}

TEST_F(ModelChoiceTest, ABadFileIsAnErrorAndNotReplaced) {
  const std::string found = Touch("fcis_coco.npz");
  EXPECT_THAT(ChooseModel("").status().ToString(), HasSubstr(found));
  const std::string missing = (home_ / "no.npz").string();
  EXPECT_THAT(ChooseModel(missing).status().ToString(), HasSubstr(missing));
}

}  // namespace
}  // namespace fcis
