// Every command line of docs/own-data.md, in its order, on a few painted
// scenes; and what the model
// calls its classes, which every program and the library read from its file.
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/run_program.h"
#include "fcis/data/synth/scene_dataset.h"
#include "fcis/model/weights/load.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

// Bazel's name of a program, and its file.
const std::map<std::string, std::string>& Programs() {
  static const auto& programs = *new std::map<std::string, std::string>{
      {"//fcis/tools:convert_dataset", "fcis/tools/convert_dataset_main"},
      {"//fcis/tools:check_dataset", "fcis/tools/check_dataset"},
      {"//fcis/tools:demo", "fcis/tools/demo_main"},
      {"//fcis/train:train", "fcis/train/main/train_main"},
      {"//fcis/eval:eval", "fcis/eval/eval_main"},
  };
  return programs;
}

// Indented lines that are commands.
std::vector<std::string> CommandsOf(const std::string& document) {
  std::vector<std::string> commands;
  for (absl::string_view line : absl::StrSplit(document, '\n')) {
    if (!absl::StartsWith(line, "    ")) continue;
    line = absl::StripAsciiWhitespace(line);
    if (absl::StartsWith(line, "bazel ") ||
        absl::StartsWith(line, "mpiexec ")) {
      commands.emplace_back(line);
    }
  }
  return commands;
}

// The command with files in place of names; trainings are cut short.
std::string Runnable(const std::string& command) {
  std::string runnable = absl::StrReplaceAll(
      command, {{"bazel-bin/fcis/train/main/train_main",
                 *FindRunfile("fcis/train/main/train_main")},
                {"mpiexec ", "mpiexec --allow-run-as-root "}});
  for (const auto& [label, file] : Programs()) {
    absl::string_view rest = command;
    if (absl::ConsumePrefix(&rest, absl::StrCat("bazel run ", label, " --"))) {
      runnable = absl::StrCat(*FindRunfile(file), rest);
    }
  }
  if (absl::StrContains(command, "--ann_file") &&
      absl::StrContains(command, "train")) {
    absl::StrAppend(&runnable, " --minutes 0.1 --max_iters 2 --val_every 1e6");
  }
  if (absl::StrContains(command, "eval:eval")) {
    absl::StrAppend(&runnable, " --out scores");
  }
  return runnable;
}

class OwnDataTest : public ::testing::Test {
 protected:
  void SetUp() override {
    UseOwnMpiPlace();
    root_ = (fs::path(::testing::TempDir()) / "own_data").string();
    fs::create_directories(root_);
    data::SceneDatasetOptions options;
    options.images = 14;
    options.height = 128;
    options.width = 160;
    ASSERT_TRUE(
        data::WriteSceneDataset(root_ + "/labels", options, [](int64_t) {
        }).ok());
    fs::create_directories(root_ + "/pictures");
    fs::copy_file(root_ + "/labels/images/000000000001.jpg",
                  root_ + "/pictures/new.jpg");
  }

  // The exit code; what it prints goes to `out_`.
  int Run(const std::string& command) {
    out_.clear();
    FILE* pipe = popen(
        absl::StrCat("cd '", root_, "' && ", command, " 2>&1").c_str(), "r");
    std::array<char, 4096> buffer;
    for (size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      out_.append(buffer.data(), n);
    }
    const int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string root_, out_;
};

TEST_F(OwnDataTest, TheCommandsOfTheDocumentWork) {
  const std::vector<std::string> commands =
      CommandsOf(*ReadFile(*FindRunfile("docs/own-data.md")));
  ASSERT_EQ(commands.size(), 8);
  std::map<std::string, std::string> outputs;
  for (const std::string& command : commands) {
    ASSERT_EQ(Run(Runnable(command)), 0) << command << "\n" << out_;
    outputs[command] = out_;
  }
  EXPECT_THAT(outputs[commands[0]], HasSubstr("format: coco"));
  EXPECT_THAT(outputs[commands[3]], HasSubstr("recipe: finetune"));
  EXPECT_THAT(outputs[commands[3]], HasSubstr("found nothing of 0.50 or more"));
  EXPECT_THAT(outputs[commands[7]], HasSubstr("mAP@0.50"));
  for (const char* file :
       {"mine/annotations.json", "mine/look.html", "run/val.json",
        "run/model.safetensors", "run2/model.safetensors",
        "mine_labelme/images/000000000001.json"}) {
    EXPECT_TRUE(fs::exists(fs::path(root_) / file)) << file;
  }

  // The model knows its classes by name, and no others.
  const std::string demo = absl::StrCat(
      *FindRunfile("fcis/tools/demo_main"),
      " -m run/model.safetensors --imgdir pictures --out drawn --classes ");
  EXPECT_EQ(Run(demo + "star,heart"), 0) << out_;
  EXPECT_EQ(Run(demo + "person"), 2) << out_;
  EXPECT_THAT(out_, HasSubstr("the model has no class 'person'"));
  EXPECT_EQ(Run(absl::StrCat(
                *FindRunfile("fcis/train/main/train_main"),
                " --ann_file mine/annotations.json --image_dir mine/images "
                "--init run/model.safetensors --out run3")),
            1);
  EXPECT_THAT(out_, HasSubstr("--config finetune is for the embedded model"));
  const auto model = model::LoadWeights(root_ + "/run/model.safetensors");
  ASSERT_TRUE(model.ok()) << model.status();
  std::vector<std::string> names;
  for (const ClassConfig& one : model->config.classes()) {
    names.push_back(one.name());
  }
  EXPECT_THAT(names, ElementsAre("ellipse", "triangle", "rectangle", "star",
                                 "cross", "ring", "crescent", "heart"));
}

}  // namespace
}  // namespace fcis::tools
