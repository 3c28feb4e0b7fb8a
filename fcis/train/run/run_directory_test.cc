#include "fcis/train/run/run_directory.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "fcis/core/cli/exit_code.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string NewPath(absl::string_view name) {
  const fs::path path = fs::path(::testing::TempDir()) / std::string(name);
  fs::remove_all(path);
  return path.string();
}

RunDirectory::Options At(const std::string& out, bool resume) {
  RunDirectory::Options options;
  options.out = out;
  options.resume = resume;
  options.patience = absl::Milliseconds(200);
  return options;
}

RunStart Start(int64_t iteration, const std::string& config) {
  RunStart start;
  start.command_line = {"train", "--config", "it's \"quoted\""};
  start.version = "1.2";
  start.processes = 2;
  start.iteration = iteration;
  start.config = config;
  start.record.add_classes("1 cat");
  return start;
}

TEST(RunDirectory, ANewRun) {
  const std::string path = NewPath("new/deep");
  EXPECT_FALSE(HoldsRun(path));
  const auto run = RunDirectory::Open(At(path, false));
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ((*run)->path(), path);
  EXPECT_FALSE(HoldsRun(path));
  ASSERT_TRUE((*run)->RecordStart(Start(0, "lr: 1\n")).ok());
  EXPECT_TRUE(HoldsRun(path));
  EXPECT_EQ(*ReadFile(path + "/config.textproto"), "lr: 1\n");
  EXPECT_EQ(ReadRunRecord(path)->classes(0), "1 cat");

  rapidjson::Document json;
  json.Parse(ReadFile(path + "/run.jsonl")->c_str());
  ASSERT_TRUE(json.IsObject());
  EXPECT_EQ(json["iteration"].GetInt(), 0);
  EXPECT_EQ(json["processes"].GetInt(), 2);
  EXPECT_STREQ(json["version"].GetString(), "1.2");
  EXPECT_STREQ(json["command_line"][2].GetString(), "it's \"quoted\"");
  EXPECT_THAT(json["time"].GetString(), HasSubstr("T"));
}

TEST(RunDirectory, NamedAfterTheTime) {
  const std::string home = NewPath("home");
  fs::create_directories(home);
  setenv("BUILD_WORKING_DIRECTORY", home.c_str(), 1);
  const auto run = RunDirectory::Open(At("", false));
  unsetenv("BUILD_WORKING_DIRECTORY");
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_THAT((*run)->path(), MatchesRegex(home + "/out/[0-9]{8}_[0-9]{6}"));
}

TEST(RunDirectory, NeverOverAnotherRun) {
  const std::string path = NewPath("taken");
  const absl::Status none = RunDirectory::Open(At(path, true)).status();
  EXPECT_EQ(ExitCode(none), kExitUsage);
  EXPECT_THAT(none.message(), HasSubstr("no run to resume"));
  EXPECT_EQ(ExitCode(RunDirectory::Open(At("", true)).status()), kExitUsage);

  ASSERT_TRUE(
      (*RunDirectory::Open(At(path, false)))->RecordStart(Start(0, "a")).ok());
  const absl::Status taken = RunDirectory::Open(At(path, false)).status();
  EXPECT_EQ(ExitCode(taken), kExitUsage);
  EXPECT_THAT(taken.message(), HasSubstr(path + " already holds a run"));
  const auto resumed = RunDirectory::Open(At(path, true));
  EXPECT_TRUE(resumed.ok()) << resumed.status();
}

TEST(RunDirectory, OneWriterAtATime) {
  const std::string path = NewPath("locked");
  auto first = RunDirectory::Open(At(path, false));
  ASSERT_TRUE((*first)->RecordStart(Start(0, "a")).ok());
  const absl::Status second = RunDirectory::Open(At(path, true)).status();
  EXPECT_THAT(second.message(), HasSubstr("another process writes"));
  EXPECT_EQ(ExitCode(second), kExitRunError);
  first->reset();
  EXPECT_TRUE(RunDirectory::Open(At(path, true)).ok());
}

TEST(RunDirectory, EveryStartAndItsConfigAreKept) {
  const std::string path = NewPath("starts");
  for (const int64_t iteration : {0, 10, 20}) {
    const auto run = RunDirectory::Open(At(path, iteration > 0));
    ASSERT_TRUE(run.ok()) << run.status();
    const std::string config = iteration < 20 ? "lr: 1" : "lr: 2";
    ASSERT_TRUE((*run)->RecordStart(Start(iteration, config)).ok());
  }
  EXPECT_EQ(*ReadFile(path + "/config.textproto"), "lr: 2");
  EXPECT_EQ(*ReadFile(path + "/config_until_20.textproto"), "lr: 1");
  EXPECT_FALSE(fs::exists(path + "/config_until_10.textproto"));
  const std::string starts = *ReadFile(path + "/run.jsonl");
  EXPECT_THAT(starts, HasSubstr("\"iteration\":10,"));
  EXPECT_EQ(std::count(starts.begin(), starts.end(), '\n'), 3);
}

TEST(RunDirectory, AbandonedLeavesNothingOfItsOwn) {
  const std::string path = NewPath("abandoned");
  (*RunDirectory::Open(At(path, false)))->Abandon();
  EXPECT_FALSE(fs::exists(path));
  // It was there before, or has become a run, or holds other things.
  fs::create_directories(path);
  (*RunDirectory::Open(At(path, false)))->Abandon();
  EXPECT_TRUE(fs::exists(path));
  fs::remove_all(path);
  const auto run = RunDirectory::Open(At(path, false));
  ASSERT_TRUE((*run)->RecordStart(Start(0, "a")).ok());
  (*run)->Abandon();
  EXPECT_TRUE(fs::exists(path + "/config.textproto"));
  EXPECT_TRUE(fs::exists(path + "/run.lock"));
}

TEST(RunDirectory, AbandonedFilesGoWithIt) {
  const std::string path = NewPath("parts");
  const auto exists = [&](const char* name) {
    return fs::exists(path + "/" + name);
  };
  auto run = *RunDirectory::Open(At(path, false));
  ASSERT_TRUE(run->WriteNew(kTrainPart, "x").ok());
  EXPECT_EQ(*ReadFile(path + "/train.json"), "x");
  run->Abandon();
  EXPECT_FALSE(fs::exists(path));
  run.reset();
  // What was there before stays, and is not replaced.
  fs::create_directories(path);
  ASSERT_TRUE(WriteFileAtomic(path + "/train.json", "mine").ok());
  run = *RunDirectory::Open(At(path, false));
  EXPECT_THAT(run->WriteNew(kTrainPart, "x").message(),
              HasSubstr(path + "/train.json is there already"));
  EXPECT_TRUE(run->WriteNew(kTrainPart, "mine").ok());
  EXPECT_TRUE(run->WriteNew(kValidationPart, "y").ok());
  run->Abandon();
  EXPECT_TRUE(exists("train.json"));
  EXPECT_FALSE(exists("val.json"));
  // A run that has begun keeps them.
  EXPECT_TRUE(run->WriteNew(kValidationPart, "y").ok());
  ASSERT_TRUE(run->RecordStart(Start(0, "a")).ok());
  run->Abandon();
  EXPECT_TRUE(exists("val.json"));
}

TEST(RunDirectory, UnwritablePlacesAreNamed) {
  const std::string file = NewPath("a_file");
  ASSERT_TRUE(WriteFileAtomic(file, "x").ok());
  for (const std::string& path :
       {file, file + "/run", std::string("/proc/no/run")}) {
    EXPECT_THAT(RunDirectory::Open(At(path, false)).status().message(),
                HasSubstr(path));
  }
}

// A file-size limit stands in for a full disk.
TEST(RunDirectory, FullDiskIsNamed) {
  const std::string path = NewPath("full");
  const auto run = RunDirectory::Open(At(path, false));
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small = {10, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = (*run)->RecordStart(Start(0, "lr: 1"));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_THAT(status.message(), HasSubstr("cannot write " + path));
  EXPECT_FALSE(HoldsRun(path));
}

}  // namespace
}  // namespace fcis::train
