// Programs whose disks are full or broken, and that are ended, at every call.
#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/image/image.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/fault_run.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/download/test_archive.h"
#include "fcis/data/download/test_server.h"
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

TEST_F(DiskFaultsTest, Quantize) {
  const FaultCampaign campaign = {
      absl::StrCat("mkdir -p ", out_, " && ", Program("tools/quantize"), " -m ",
                   model_, " --limit 1 --loss_pictures 0 --threads 1 --imgdir ",
                   Scenes("images"), " --out ", out_, "/b.safetensors"),
      out_, "data/scenes/images"};
  EXPECT_GE(ExpectSurvives(campaign), 10);
}

TEST_F(DiskFaultsTest, ConvertDataset) {
  const std::string mine = Path("labelled");
  std::filesystem::create_directories(mine);
  for (const std::string stem : {"a", "b", "c"}) {
    const std::string file = absl::StrCat(mine, "/", stem);
    ASSERT_TRUE(
        WriteFileAtomic(file + ".jpg", *data::EncodeJpeg(Image(60, 80), 80))
            .ok());
    ASSERT_TRUE(
        WriteFileAtomic(
            file + ".json",
            absl::StrCat(R"({"version": "5.2.1", "imagePath": ")", stem,
                         R"(.jpg", "imageHeight": 60, "imageWidth": 80,)"
                         R"( "shapes": [{"label": "cat", "shape_type":)"
                         R"( "rectangle", "points": [[9, 9], [40, 40]]}]})"))
            .ok());
  }
  const FaultCampaign campaign = {absl::StrCat(Program("tools/convert_dataset"),
                                               " ", mine, " --out ", out_),
                                  out_, mine};
  EXPECT_GE(ExpectSurvives(campaign), 10);
}

// A file as it is, and archives that are unpacked.
TEST_F(DiskFaultsTest, Download) {
  const std::string pictures = data::MakeArchive(
      {{"val/1.jpg", std::string(3000, '1')}, {"val/2.jpg", "two"}}, true);
  const std::string notes =
      data::MakeArchive({{"annotations/instances.json", "{}"}}, false);
  data::TestServer server;
  const auto serve = [&](const std::string& route, const std::string& bytes) {
    server.server.Get(route, [&bytes](const auto&, auto& response) {
      response.set_content(bytes, "application/octet-stream");
    });
    return absl::StrCat("source { allow_http: true url: '", server.Url(route),
                        "' } ");
  };
  const std::string manifest = Path("manifest");
  ASSERT_TRUE(
      WriteFileAtomic(
          manifest,
          absl::StrCat(
              "item { name: 'model' file: 'model.zip' ",
              serve("/model.zip", pictures),
              "} item { name: 'pictures' file: 'val.zip' kind: DATASET format: "
              "ZIP ",
              serve("/val.zip", pictures),
              "unpack { suffix: '.jpg' directory: 'val' } } item { name: "
              "'notes' file: 'notes.tgz' kind: DATASET format: TGZ ",
              serve("/notes.tgz", notes),
              "unpack { suffix: '.json' directory: 'annotations' } } group { "
              "name: 'val' item: 'pictures' item: 'notes' }"))
          .ok());
  server.Start();
  const std::string download = absl::StrCat(
      Program("tools/download"), " --manifest ", manifest, " -d ", out_, " ");
  const FaultCampaign campaign = {
      absl::StrCat(download, "models && ", download, "datasets --val"), out_};
  EXPECT_GE(ExpectSurvives(campaign), 20);
}

TEST_F(DiskFaultsTest, Demo) {
  const FaultCampaign campaign = {
      absl::StrCat(Program("tools/demo"), " -m ", model_, " --imgdir ",
                   Scenes("images"), " --threads 1 --save_json --out ", out_),
      out_, "data/scenes/images",
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
      out_, "data/scenes/images",
      // Times are in the others.
      [](const std::string& file) {
        return absl::EndsWith(file, "results.json") ||
               absl::EndsWith(file, ".csv");
      },
      3};
  EXPECT_GE(ExpectSurvives(campaign), 10);
}

}  // namespace
}  // namespace fcis::tools
