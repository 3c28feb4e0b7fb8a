#include "fcis/core/testing/fault_run.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/run_program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

using Files = std::map<std::string, std::string>;

// The bytes of each file below the directory.
Files FilesIn(const std::string& directory) {
  Files files;
  std::error_code missing;
  for (const auto& entry :
       fs::recursive_directory_iterator(directory, missing)) {
    if (!entry.is_regular_file()) continue;
    files[fs::relative(entry.path(), directory).string()] =
        ReadFile(entry.path().string()).value_or("");
  }
  return files;
}

std::string HitPath() {
  return fs::path(::testing::TempDir()) / "fault_run.hit";
}

class Campaign {
 public:
  explicit Campaign(const FaultCampaign& campaign) : campaign_(campaign) {
    fs::remove_all(campaign_.directory);
    const FaultRun run = Run("none", 1, 0);
    EXPECT_EQ(run.code, 0) << run.said;
    expected_ = FilesIn(campaign_.directory);
    EXPECT_FALSE(expected_.empty());
  }

  // One failing call and all behind it; false where there are not so many.
  bool Fails(const char* call, int from, int error) {
    fs::remove_all(campaign_.directory);
    const FaultRun run = Run(call, from, error);
    if (!run.failed) return false;
    SCOPED_TRACE(absl::StrCat(call, " ", from, " ", std::strerror(error), ": ",
                              run.said));
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(run.said, HasSubstr(std::strerror(error)));
    ExpectNoTemporaries();
    ExpectWholeAndAgain();
    return true;
  }

  // The same where `signal` ends the program at that call.
  bool IsEnded(const char* call, int from, int signal) {
    fs::remove_all(campaign_.directory);
    const FaultRun run = Run(call, from, -signal);
    if (!run.failed) return false;
    SCOPED_TRACE(
        absl::StrCat(call, " ", from, " ", strsignal(signal), ": ", run.said));
    if (signal == SIGTERM && campaign_.keeps_what_is_done) {
      EXPECT_THAT(run.code, AnyOf(0, 1));
      ExpectNoTemporaries();
      ExpectAgain();
    } else {
      EXPECT_EQ(run.code, 128 + signal);
      ExpectWholeAndAgain();
    }
    return true;
  }

  // False where so much is enough.
  bool LacksMemory(int megabytes) {
    fs::remove_all(campaign_.directory);
    const FaultRun run = RunWithFault(
        absl::StrCat("ulimit -v ", 1024 * megabytes, "; ", campaign_.command),
        "none", "", 1, 0);
    SCOPED_TRACE(absl::StrCat(megabytes, " MiB: ", run.said));
    constexpr int kLibrariesDoNotFit = 127;
    // Or they do, and not what they make before main(): then C++'s own words
    // are the last, which last_words.h replaces from there on.
    if (run.code == 128 + SIGABRT) {
      EXPECT_THAT(run.said,
                  ContainsRegex("an instance of '(St9|std::)bad_alloc'"));
    } else {
      EXPECT_THAT(run.code, AnyOf(0, 1, kLibrariesDoNotFit));
    }
    if (run.code == 1) {
      EXPECT_THAT(run.said, ContainsRegex("[Mm]emory|temporarily unavailable"));
    }
    campaign_.keeps_what_is_done ? ExpectAgain() : ExpectWholeAndAgain();
    return run.code != 0;
  }

  bool GoesOn(const char* call, int from, int error) {
    fs::remove_all(campaign_.directory);
    const FaultRun run = Run(call, from, error);
    SCOPED_TRACE(absl::StrCat(call, " ", error, ": ", run.said));
    EXPECT_EQ(run.code, 0);
    ExpectExpected();
    return run.failed;
  }

 private:
  FaultRun Run(const std::string& call, int from, int error) {
    const std::string path = call == "read"    ? campaign_.input
                             : call == "clock" ? ""
                                               : campaign_.directory;
    return RunWithFault(campaign_.command, call, path, from, error);
  }

  void ExpectNoTemporaries() {
    for (const auto& [file, bytes] : FilesIn(campaign_.directory)) {
      EXPECT_FALSE(absl::EndsWith(file, ".tmp")) << file;
    }
  }

  // What is there now, and what the next run makes of it.
  void ExpectWholeAndAgain() {
    for (const auto& [file, bytes] : FilesIn(campaign_.directory)) {
      const auto expected = expected_.find(file);
      if (expected == expected_.end() || !campaign_.whole(file)) continue;
      EXPECT_TRUE(bytes == expected->second) << file << " is not whole";
    }
    ExpectAgain();
  }

  void ExpectAgain() {
    const FaultRun again = Run("none", 1, 0);
    EXPECT_EQ(again.code, 0) << again.said;
    ExpectExpected();
  }

  void ExpectExpected() {
    const Files files = FilesIn(campaign_.directory);
    for (const auto& [file, bytes] : expected_) {
      const auto found = files.find(file);
      ASSERT_TRUE(found != files.end()) << file << " is missing";
      if (!campaign_.whole(file)) continue;
      EXPECT_TRUE(bytes == found->second) << file << " is another";
    }
    for (const auto& [file, bytes] : files) {
      EXPECT_EQ(expected_.count(file), 1) << file << " is left over";
    }
  }

  const FaultCampaign& campaign_;
  Files expected_;
};

}  // namespace

std::vector<std::string> FaultVariables(const std::string& call,
                                        const std::string& path, int from,
                                        int error) {
  return {absl::StrCat("FCIS_FAULT_CALL=", call),
          absl::StrCat("FCIS_FAULT_PATH=", path),
          absl::StrCat("FCIS_FAULT_FROM=", from),
          absl::StrCat("FCIS_FAULT_ERROR=", error),
          absl::StrCat("FCIS_FAULT_HIT=", HitPath()),
          absl::StrCat("LD_PRELOAD=",
                       ProgramPath("fcis/core/testing/libfaults.so"))};
}

FaultRun RunWithFault(const std::string& command, const std::string& call,
                      const std::string& path, int from, int error) {
  const std::string said = fs::path(::testing::TempDir()) / "fault_run.said";
  fs::remove(HitPath());
  ShellJob job(absl::StrCat("export '",
                            absl::StrJoin(
                                FaultVariables(call, path, from, error), "' '"),
                            "'; ", command),
               said);
  FaultRun run;
  run.code = job.Wait();
  EXPECT_FALSE(job.LeftSomething()) << "was left running: " << command;
  run.said = job.said();
  run.failed = fs::exists(HitPath());
  return run;
}

int ExpectSurvives(const FaultCampaign& campaign) {
  struct Fault {
    const char* call;
    std::vector<int> errors;
    bool end;  // by signals too
  };
  std::vector<Fault> kinds = {{"open", {ENOSPC, EROFS}, true},
                              {"write", {ENOSPC, EIO}, true},
                              {"fsync", {EIO}, true},
                              {"rename", {EIO, ENOENT}, true}};
  if (!campaign.input.empty()) kinds.push_back({"read", {EIO}, false});
  Campaign runs(campaign);
  int faults = 0;
  const auto each = [&](const std::function<bool(int from)>& meets) {
    for (int from = 1; !::testing::Test::HasFailure() && meets(from);
         from += campaign.step + from / 2) {
      ++faults;
    }
  };
  for (const Fault& kind : kinds) {
    for (const int error : kind.errors) {
      each([&](int from) { return runs.Fails(kind.call, from, error); });
    }
    if (!kind.end) continue;
    each([&](int from) {
      return runs.IsEnded(kind.call, from, from % 2 == 1 ? SIGKILL : SIGTERM);
    });
  }
  for (int mb = 120; runs.LacksMemory(mb) && mb < 1000; mb += 60) ++faults;
  constexpr int kShort = -1, kDay = 24 * 3600;
  for (const int error : {kShort, EINTR}) {
    EXPECT_TRUE(runs.GoesOn("write", 1, error));
    EXPECT_TRUE(campaign.input.empty() || runs.GoesOn("read", 1, error));
  }
  runs.GoesOn("clock", 2, kDay);  // where they look at it
  return faults;
}

}  // namespace fcis
