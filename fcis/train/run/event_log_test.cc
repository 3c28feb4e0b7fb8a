#include "fcis/train/run/event_log.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <limits>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string NewDirectory(absl::string_view name) {
  const fs::path path = fs::path(::testing::TempDir()) / std::string(name);
  fs::remove_all(path);
  fs::create_directories(path);
  return path.string();
}

std::string Jsonl(const std::string& directory) {
  return *ReadFile(directory + "/log.jsonl");
}

std::string Csv(const std::string& directory) {
  return *ReadFile(directory + "/log.csv");
}

int EventFiles(const std::string& directory) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(directory)) {
    files +=
        entry.path().filename().string().find("tfevents") != std::string::npos;
  }
  return files;
}

// Iterations `from` to `to` with loss = 1 / iteration.
void Log(EventLog* log, int from, int to) {
  for (int i = from; i <= to; ++i) {
    ASSERT_TRUE(log->Write(i, {{"loss", 1.0 / i}}).ok());
  }
}

TEST(EventLog, OneLinePerIteration) {
  const std::string directory = NewDirectory("lines");
  auto log = EventLog::Open(directory, 0);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_TRUE((*log)->Write(1, {{"epoch", 0.5}, {"lr", 5e-5}}).ok());
  EXPECT_EQ(Jsonl(directory), "{\"iteration\":1,\"epoch\":0.5,\"lr\":5e-05}\n");
  EXPECT_EQ(Csv(directory), "iteration,epoch,lr\n1,0.5,5e-05\n");
  ASSERT_TRUE((*log)->Write(3, {{"lr", 2}, {"epoch", -0.0}}).ok());
  EXPECT_THAT(Jsonl(directory),
              HasSubstr("\n{\"iteration\":3,\"lr\":2.0,\"epoch\":-0.0}\n"));
  EXPECT_EQ(Csv(directory), "iteration,epoch,lr\n1,0.5,5e-05\n3,-0.0,2.0\n");
  EXPECT_TRUE((*log)->Sync().ok());
  EXPECT_EQ(EventFiles(directory), 1);
}

TEST(EventLog, NumbersReadBackBitForBit) {
  const std::string directory = NewDirectory("bits");
  auto log = EventLog::Open(directory, 0);
  using Limits = std::numeric_limits<double>;
  std::vector<std::pair<std::string, double>> values;
  for (const double value :
       {0.1 + 0.2, 1 / 3.0, -0.0, 1e22, 1e21 + 1e5, 123456789012345678.0,
        Limits::denorm_min(), Limits::min(), Limits::max(), -1.5e-7,
        static_cast<double>(0.1f), 2.2250738585072011e-308}) {
    values.emplace_back(absl::StrCat("v", values.size()), value);
  }
  ASSERT_TRUE((*log)->Write(1, values).ok());
  rapidjson::Document json;
  json.Parse<rapidjson::kParseFullPrecisionFlag>(Jsonl(directory).c_str());
  ASSERT_FALSE(json.HasParseError());
  const std::vector<std::string> lines = absl::StrSplit(Csv(directory), '\n');
  const std::vector<std::string> cells = absl::StrSplit(lines[1], ',');
  for (size_t i = 0; i < values.size(); ++i) {
    const rapidjson::Value& field = json[values[i].first.c_str()];
    ASSERT_TRUE(field.IsDouble()) << i;
    const double from_json = field.GetDouble();
    double from_csv = 0;
    ASSERT_TRUE(absl::SimpleAtod(cells[i + 1], &from_csv));
    EXPECT_EQ(std::memcmp(&from_json, &values[i].second, 8), 0) << i;
    EXPECT_EQ(std::memcmp(&from_csv, &values[i].second, 8), 0) << i;
  }
}

TEST(EventLog, WhatIsNotFiniteIsNull) {
  const std::string directory = NewDirectory("nan");
  auto log = EventLog::Open(directory, 0);
  ASSERT_TRUE((*log)->Write(1, {{"a", std::nan("")}, {"b", -INFINITY}}).ok());
  EXPECT_EQ(Jsonl(directory), "{\"iteration\":1,\"a\":null,\"b\":null}\n");
  EXPECT_EQ(Csv(directory), "iteration,a,b\n1,nan,-inf\n");
}

TEST(EventLog, ANewNameIsANewColumn) {
  const std::string directory = NewDirectory("columns");
  auto log = EventLog::Open(directory, 0);
  Log(log->get(), 1, 2);
  ASSERT_TRUE((*log)->Write(3, {{"val/ap", 0.5}, {"loss", 4}}).ok());
  Log(log->get(), 4, 4);
  EXPECT_EQ(Csv(directory),
            "iteration,loss,val/ap\n1,1.0,\n2,0.5,\n3,4.0,0.5\n4,0.25,\n");
}

TEST(EventLog, ResumeCutsWhatTheKilledRunLoggedLater) {
  const std::string directory = NewDirectory("resume");
  {
    auto log = EventLog::Open(directory, 0);
    Log(log->get(), 1, 8);
  }
  const std::string jsonl = Jsonl(directory), csv = Csv(directory);
  auto log = EventLog::Open(directory, 5);
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(Jsonl(directory), jsonl.substr(0, jsonl.find("{\"iteration\":6")));
  EXPECT_EQ(Csv(directory), csv.substr(0, csv.find("6,")));
  Log(log->get(), 6, 8);
  EXPECT_EQ(Jsonl(directory), jsonl);
  EXPECT_EQ(Csv(directory), csv);
  EXPECT_EQ(EventFiles(directory), 2);
  // From the start again, when no checkpoint was made before the kill.
  log = EventLog::Open(directory, 0);
  Log(log->get(), 1, 8);
  EXPECT_EQ(Jsonl(directory), jsonl);
  EXPECT_EQ(Csv(directory), csv);
}

TEST(EventLog, WhatIsKnownLaterHasALineOfItsOwn) {
  const std::string directory = NewDirectory("more");
  {
    auto log = EventLog::Open(directory, 0);
    Log(log->get(), 1, 2);
    ASSERT_TRUE((*log)->Write(2, {{"validation_ap", 0.5}}).ok());
    Log(log->get(), 3, 4);
    ASSERT_TRUE((*log)->Write(4, {{"validation_ap", 0.25}}).ok());
  }
  const std::string jsonl = Jsonl(directory), csv = Csv(directory);
  EXPECT_THAT(jsonl, HasSubstr("{\"iteration\":2,\"loss\":0.5}\n{\"iteration\":"
                               "2,\"validation_ap\":0.5}\n{\"iteration\":3,"));
  EXPECT_EQ(csv,
            "iteration,loss,validation_ap\n1,1.0,\n2,0.5,\n2,,0.5\n"
            "3,0.3333333333333333,\n4,0.25,\n4,,0.25\n");
  // Once more the same changes nothing; another value is kept.
  auto log = EventLog::Open(directory, 4);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_TRUE((*log)->Write(4, {{"validation_ap", 0.25}}).ok());
  EXPECT_EQ(Jsonl(directory), jsonl);
  EXPECT_EQ(Csv(directory), csv);
  ASSERT_TRUE((*log)->Write(4, {{"validation_ap", 0.75}}).ok());
  EXPECT_EQ(Csv(directory), csv + "4,,0.75\n");
  // From an earlier iteration on they are gone with it.
  log = EventLog::Open(directory, 2);
  EXPECT_EQ(Jsonl(directory), jsonl.substr(0, jsonl.find("{\"iteration\":3")));
}

TEST(LastLoggedIteration, OfWholeLines) {
  const std::string directory = NewDirectory("last");
  EXPECT_EQ(*LastLoggedIteration(directory), 0);
  auto log = EventLog::Open(directory, 0);
  EXPECT_EQ(*LastLoggedIteration(directory), 0);
  Log(log->get(), 1, 12);
  EXPECT_EQ(*LastLoggedIteration(directory), 12);
  fs::resize_file(directory + "/log.jsonl", Jsonl(directory).size() - 1);
  EXPECT_EQ(*LastLoggedIteration(directory), 11);
}

TEST(EventLog, TornLastLineIsCut) {
  const std::string directory = NewDirectory("torn");
  {
    auto log = EventLog::Open(directory, 0);
    Log(log->get(), 1, 3);
  }
  const std::string jsonl = Jsonl(directory), csv = Csv(directory);
  for (size_t cut = 0; cut < jsonl.size(); ++cut) {
    ASSERT_TRUE(
        WriteFileAtomic(directory + "/log.jsonl", jsonl.substr(0, cut)).ok());
    ASSERT_TRUE(WriteFileAtomic(directory + "/log.csv",
                                csv.substr(0, std::min(cut, csv.size())))
                    .ok());
    // Every line that was whole is still there.
    const size_t whole = jsonl.rfind('\n', cut == 0 ? 0 : cut - 1);
    auto log = EventLog::Open(directory, 3);
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_EQ(Jsonl(directory),
              whole == jsonl.npos ? "" : jsonl.substr(0, whole + 1))
        << cut;
    ASSERT_TRUE((*log)->Write(4, {{"loss", 0.25}}).ok());
    EXPECT_THAT(Csv(directory), HasSubstr("\n4,0.25\n"));
  }
}

// A child logs until it is killed: a resume finds whole lines only, and none of
// those that the child reported is lost.
TEST(EventLog, KilledWriterLosesNothing) {
  const std::string directory = NewDirectory("killed");
  int64_t done = 0;
  for (int round = 0; round < 5; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      auto log = EventLog::Open(directory, done);
      for (int64_t i = done + 1; log.ok(); ++i) {
        if (!(*log)->Write(i, {{"loss", 1.0 / i}}).ok()) _exit(1);
        if (write(ends[1], &i, sizeof i) != sizeof i) _exit(1);
      }
      _exit(1);
    }
    close(ends[1]);
    int64_t last = 0;
    ASSERT_EQ(read(ends[0], &last, sizeof last), ssize_t{sizeof last});
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + 3 * round));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    while (read(ends[0], &last, sizeof last) == ssize_t{sizeof last}) {
    }
    close(ends[0]);
    EXPECT_GE(*LastLoggedIteration(directory), last);
    done = last / 2;  // where the last checkpoint may have been
  }
  ASSERT_TRUE(EventLog::Open(directory, done).ok());
  int64_t expected = 0;
  const std::string jsonl = Jsonl(directory);
  for (absl::string_view line :
       absl::StrSplit(jsonl, '\n', absl::SkipEmpty())) {
    rapidjson::Document json;
    json.Parse(line.data(), line.size());
    ASSERT_TRUE(json.IsObject()) << line;
    ASSERT_EQ(json["iteration"].GetInt64(), ++expected);
  }
  EXPECT_EQ(expected, done);
}

TEST(EventLog, ErrorsNameTheFile) {
  EXPECT_THAT(EventLog::Open("/no/such/run", 0).status().message(),
              HasSubstr("/no/such/run/log.jsonl"));
}

// A file-size limit stands in for a full disk.
TEST(EventLog, FullDiskIsNamedAndLeavesWholeLines) {
  const std::string directory = NewDirectory("full");
  auto log = EventLog::Open(directory, 0);
  Log(log->get(), 1, 3);
  const std::string jsonl = Jsonl(directory);
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small = {jsonl.size() + 5, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = (*log)->Write(4, {{"loss", 0.25}});
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_THAT(status.message(), HasSubstr("log.jsonl: File too large"));
  EXPECT_EQ(Jsonl(directory), jsonl);
}

}  // namespace
}  // namespace fcis::train
