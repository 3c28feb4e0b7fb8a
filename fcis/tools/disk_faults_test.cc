// Programs whose disks are full or broken, and that are ended, at every call.
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

  // pictures/a.jpg, b.jpg and c.jpg, of 60 rows and 80 columns; their paths
  // without ".jpg".
  static std::vector<std::string> WritePictures() {
    std::filesystem::create_directories(Path("pictures"));
    std::vector<std::string> stems;
    for (const char* stem : {"a", "b", "c"}) {
      stems.push_back(absl::StrCat(Path("pictures"), "/", stem));
      EXPECT_TRUE(WriteFileAtomic(stems.back() + ".jpg",
                                  *data::EncodeJpeg(Image(60, 80), 80))
                      .ok());
    }
    return stems;
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

TEST_F(DiskFaultsTest, WhatAModelIsMadeOfIsNotReplaced) {
  const std::string before = *ReadFile(model_);
  for (const std::string& command :
       {absl::StrCat(Program("tools/convert"), " --bf16 ", model_, " ", model_),
        absl::StrCat(Program("tools/convert"), " --average ", model_, " other ",
                     model_),
        absl::StrCat(Program("tools/quantize"), " -m ", model_, " --imgdir ",
                     Scenes("images"), " --out ", model_)}) {
    EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 2) << command;
    EXPECT_EQ(*ReadFile(model_), before);
  }
}

TEST_F(DiskFaultsTest, ConvertDataset) {
  for (const std::string& stem : WritePictures()) {
    ASSERT_TRUE(
        WriteFileAtomic(
            stem + ".json",
            absl::StrCat(R"({"version": "5.2.1", "imagePath": ")",
                         std::filesystem::path(stem).filename().string(),
                         R"(.jpg", "imageHeight": 60, "imageWidth": 80,)"
                         R"( "shapes": [{"label": "cat", "shape_type":)"
                         R"( "rectangle", "points": [[9, 9], [40, 40]]}]})"))
            .ok());
  }
  const FaultCampaign campaign = {
      absl::StrCat(Program("tools/convert_dataset"), " ", Path("pictures"),
                   " --out ", out_),
      out_, Path("pictures")};
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
  WritePictures();
  const FaultCampaign campaign = {
      absl::StrCat(Program("tools/demo"), " -m ", model_, " --imgdir ",
                   Path("pictures"), " --threads 1 --save_json --out ", out_),
      out_, Path("pictures"),
      // It has the pictures that could be written.
      [](const std::string& file) { return file != "results.json"; }};
  EXPECT_GE(ExpectSurvives(campaign), 10);
}

// What is found is kept as it comes, line by line.
TEST_F(DiskFaultsTest, Eval) {
  std::vector<std::string> images, objects;
  for (const std::string& stem : WritePictures()) {
    const std::string file =
        std::filesystem::path(stem).filename().string() + ".jpg";
    const size_t id = images.size() + 1;
    images.push_back(absl::StrCat(R"({"id": )", id, R"(, "file_name": ")", file,
                                  R"(", "height": 60, "width": 80})"));
    objects.push_back(absl::StrCat(
        R"({"id": )", id, R"(, "image_id": )", id,
        R"(, "category_id": 1, "bbox": [9, 9, 30, 30], "area": 900,)"
        R"( "iscrowd": 0, "segmentation": [[9, 9, 39, 9, 39, 39, 9, 39]]})"));
  }
  const std::string annotations = Path("annotations.json");
  ASSERT_TRUE(
      WriteFileAtomic(
          annotations,
          absl::StrCat("{\"images\": [", absl::StrJoin(images, ", "),
                       "], \"annotations\": [", absl::StrJoin(objects, ", "),
                       R"(], "categories": [{"id": 1, "name": "a"}]})"))
          .ok());
  const std::string eval = absl::StrCat(
      Program("eval/eval"), " -m ", model_, " --ann_file ", annotations,
      " --image_dir ", Path("pictures"), " --threads 1 --out ", out_);
  // Times are in the others.
  const auto same = [](const std::string& file) {
    return absl::EndsWith(file, "results.json") || absl::EndsWith(file, ".csv");
  };
  EXPECT_GE(ExpectSurvives({eval, out_, Path("pictures"), same}), 10);
  // A page says itself which pictures could not be read for it.
  const std::string scores =
      absl::StrCat(" --output_json ", out_, "/scores.json --output_csv ", out_,
                   "/scores.csv --report_html ", out_, "/page.html");
  EXPECT_GE(ExpectSurvives({eval + scores, out_, "", same}), 20);
}

// Frames of 120x90 with an object each.
class VideoFaultsTest : public DiskFaultsTest {
 protected:
  static constexpr int kFrames = 6;

  void SetUp() override {
    DiskFaultsTest::SetUp();
    std::string video = "YUV4MPEG2 W120 H90 F10:1 C420jpeg\n";
    for (int i = 0; i < kFrames; ++i) {
      std::string planes(120 * 90 * 3 / 2, '\x80');
      for (size_t at = 0; at < 120 * 90; ++at) {
        planes[at] = static_cast<char>(at * (at + i) / 7 % 251);
      }
      absl::StrAppend(&video, "FRAME\n", planes);
    }
    ASSERT_TRUE(WriteFileAtomic(in_, video).ok());
    std::filesystem::remove_all(out_);
    std::filesystem::create_directories(out_);
  }
  // `to`: of --video and --out.
  std::string Demo(const std::string& to) const {
    return absl::StrCat(Program("tools/demo"), " -m ", model_,
                        " --threads 1 --video ", to);
  }
  std::string Out(const std::string& name) const {
    return ReadFile(out_ + "/" + name).value_or("");
  }
  // Runs it with each call failing in turn. What `file` then holds begins as
  // what it holds when nothing fails, which the command makes in the end.
  void ExpectBegins(const std::string& command, const std::string& call,
                    const std::string& path, int error, const char* file) {
    ASSERT_EQ(RunWithFault(command, "none", "", 1, 0).code, 0);
    const std::string whole = Out(file);
    ASSERT_FALSE(whole.empty());
    int faults = 0;
    for (int from = 1; !HasFailure(); ++from) {
      std::filesystem::remove_all(out_);
      std::filesystem::create_directories(out_);
      const FaultRun run = RunWithFault(command, call, path, from, error);
      SCOPED_TRACE(absl::StrCat(call, " ", from, " ", error, ": ", run.said));
      if (!run.failed) {
        EXPECT_EQ(run.code, 0);
        EXPECT_TRUE(Out(file) == whole);
        break;
      }
      ++faults;
      ExpectEnd(run, error);
      EXPECT_TRUE(absl::StartsWith(whole, Out(file)));
    }
    EXPECT_GE(faults, 2);
  }
  static void ExpectEnd(const FaultRun& run, int error) {
    if (error < 0) {
      EXPECT_EQ(run.code, 128 - error);
    } else if (error == EPIPE) {
      EXPECT_EQ(run.code, 0);  // who read the pipe left
    } else {
      EXPECT_EQ(run.code, 1);
      EXPECT_THAT(run.said, ::testing::HasSubstr(std::strerror(error)));
    }
  }

  const std::string in_ = Path("in.y4m");
};

TEST_F(VideoFaultsTest, ToAFile) {
  FaultCampaign campaign;
  campaign.command = absl::StrCat("mkdir -p ", out_, " && ",
                                  Demo(in_ + " --save_json --out " + out_));
  campaign.directory = out_;
  campaign.keeps_what_is_done = true;
  EXPECT_GE(ExpectSurvives(campaign), 10);
}

// What was read before is kept.
TEST_F(VideoFaultsTest, FromAFileAndFromAPipe) {
  const std::string to = " --out " + out_ + "/out.y4m";
  ExpectBegins(Demo(in_ + to), "read", in_, EIO, "out.y4m");
  ExpectBegins(
      absl::StrCat("env -u LD_PRELOAD cat ", in_, " | ", Demo("-" + to)),
      "read", "pipe:", EIO, "out.y4m");
}

// What was written before has been read.
TEST_F(VideoFaultsTest, ToAPipe) {
  const std::string pipe = Path("pipe");
  std::filesystem::remove(pipe);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string command =
      absl::StrCat("env -u LD_PRELOAD cat ", pipe, " > ", out_, "/got & ",
                   Demo(in_ + " --out " + pipe), "; code=$?; wait; exit $code");
  for (const int error : {EIO, ENOSPC, EPIPE, -SIGKILL}) {
    ExpectBegins(command, "write", pipe, error, "got");
  }
}

}  // namespace
}  // namespace fcis::tools
