#include "fcis/core/testing/fault_run.h"

#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

namespace fs = std::filesystem;
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

std::string Shim() {
  const auto shim = FindRunfile("fcis/core/testing/libfaults.so");
  EXPECT_TRUE(shim.ok()) << shim.status();
  return shim.value_or("");
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
    ExpectWhole();
    const FaultRun again = Run("none", 1, 0);
    EXPECT_EQ(again.code, 0) << again.said;
    ExpectExpected();
    return true;
  }

  bool GoesOn(int error) {
    fs::remove_all(campaign_.directory);
    const FaultRun run = Run("write", 1, error);
    SCOPED_TRACE(absl::StrCat("write ", error, ": ", run.said));
    EXPECT_EQ(run.code, 0);
    ExpectExpected();
    return run.failed;
  }

 private:
  FaultRun Run(const char* call, int from, int error) {
    return RunWithFault(campaign_.command, call, campaign_.directory, from,
                        error);
  }

  void ExpectWhole() {
    for (const auto& [file, bytes] : FilesIn(campaign_.directory)) {
      EXPECT_FALSE(absl::EndsWith(file, ".tmp")) << file;
      const auto expected = expected_.find(file);
      if (expected == expected_.end() || !campaign_.whole(file)) continue;
      EXPECT_TRUE(bytes == expected->second) << file << " is not whole";
    }
  }

  void ExpectExpected() {
    const Files files = FilesIn(campaign_.directory);
    for (const auto& [file, bytes] : expected_) {
      const auto found = files.find(file);
      ASSERT_TRUE(found != files.end()) << file << " is missing";
      if (!campaign_.whole(file)) continue;
      EXPECT_TRUE(bytes == found->second) << file << " is another";
    }
    EXPECT_EQ(files.size(), expected_.size());
  }

  const FaultCampaign& campaign_;
  Files expected_;
};

}  // namespace

FaultRun RunWithFault(const std::string& command, const std::string& call,
                      const std::string& path, int from, int error) {
  const fs::path base = ::testing::TempDir();
  const std::string hit = base / "fault_run.hit",
                    said = base / "fault_run.said";
  fs::remove(hit);
  const int status = std::system(
      absl::StrCat("export FCIS_FAULT_CALL='", call, "' FCIS_FAULT_PATH='",
                   path, "' FCIS_FAULT_FROM=", from, " FCIS_FAULT_ERROR=",
                   error, " FCIS_FAULT_HIT='", hit, "' LD_PRELOAD='", Shim(),
                   "'; ", command, " > '", said, "' 2>&1 < /dev/null")
          .c_str());
  FaultRun run;
  run.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  run.said = ReadFile(said).value_or("");
  run.failed = fs::exists(hit);
  return run;
}

int ExpectSurvives(const FaultCampaign& campaign) {
  Campaign runs(campaign);
  int faults = 0;
  for (const char* call : {"open", "write", "fsync", "rename"}) {
    for (const int error : {ENOSPC, EIO}) {
      for (int from = 1; runs.Fails(call, from, error);
           from += campaign.step + from / 2) {
        ++faults;
        if (::testing::Test::HasFailure()) return faults;
      }
    }
  }
  constexpr int kShort = -1;
  for (const int error : {kShort, EINTR}) {
    EXPECT_TRUE(runs.GoesOn(error));
    ++faults;
  }
  return faults;
}

}  // namespace fcis
