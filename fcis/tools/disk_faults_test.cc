// Programs on disks that are full or broken, at every call.
#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/testing/fault_run.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/load.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

std::string Path(const std::string& name) {
  return (std::filesystem::path(::testing::TempDir()) / name).string();
}

// The program's path, quoted.
std::string Program(const std::string& name) {
  const auto program = FindRunfile(absl::StrCat("fcis/", name, "_main"));
  EXPECT_TRUE(program.ok()) << program.status();
  return absl::StrCat("'", program.value_or(""), "'");
}

std::string Scenes(const std::string& name) {
  const auto path = FindRunfile(absl::StrCat("fcis/data/scenes/", name));
  EXPECT_TRUE(path.ok()) << path.status();
  return absl::StrCat("'", path.value_or(""), "'");
}

class DiskFaultsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(model::SaveWeights(model_, model::DeterministicWeights(
                                               *Preset("parity_small"), 1))
                    .ok());
  }

  const std::string model_ = Path("small.safetensors");
  const std::string out_ = Path("out");
};

TEST_F(DiskFaultsTest, Convert) {
  const FaultCampaign campaign = {
      absl::StrCat("mkdir -p ", out_, " && ", Program("tools/convert"), " ",
                   model_, " ", out_, "/b.safetensors"),
      out_};
  EXPECT_GE(ExpectSurvives(campaign), 10);
}

TEST_F(DiskFaultsTest, Demo) {
  const FaultCampaign campaign = {
      absl::StrCat(Program("tools/demo"), " -m ", model_, " --imgdir ",
                   Scenes("images"), " --threads 1 --save_json --out ", out_),
      out_,
      // It has the pictures that could be written.
      [](const std::string& file) { return file != "results.json"; }, 7};
  EXPECT_GE(ExpectSurvives(campaign), 10);
}

// What is found is kept as it comes, line by line.
TEST_F(DiskFaultsTest, Eval) {
  const FaultCampaign campaign = {
      absl::StrCat(
          Program("eval/eval"), " --split scenes --threads 1 --output_json ",
          out_, "/scores.json --output_csv ", out_,
          "/scores.csv --report_html ", out_, "/page.html --out ", out_),
      out_,
      // Times are in the others.
      [](const std::string& file) {
        return absl::EndsWith(file, "results.json") ||
               absl::EndsWith(file, ".csv");
      },
      2};
  EXPECT_GE(ExpectSurvives(campaign), 10);
}

}  // namespace
}  // namespace fcis::tools
