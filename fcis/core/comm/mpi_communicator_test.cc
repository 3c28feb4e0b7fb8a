// Runs itself under mpiexec.
#include "fcis/core/comm/mpi_communicator.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/testing/run_program.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

constexpr int kRanks = 3;

std::string OwnPath() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return std::string(path, static_cast<size_t>(length));
}

// Arrays, two of them under way at once, and a text from rank 0.
bool SumsAreRight(Communicator& job) {
  const float rank = static_cast<float>(job.rank());
  std::vector<double> doubles = {1.5, rank};
  std::vector<float> first(100000, rank), second = {1, 2 * rank};
  const auto sums = job.MakeAllReduce();
  if (!job.Sum(absl::MakeSpan(doubles)).ok() ||
      !sums->Start(first.data(), 100000).ok() || !sums->Progress().ok() ||
      !sums->Start(second.data(), 2).ok() || !sums->Progress().ok() ||
      !sums->Finish().ok() || !sums->Finish().ok()) {
    return false;
  }
  constexpr float kSum = kRanks * (kRanks - 1) / 2;
  return doubles == std::vector<double>{1.5 * kRanks, kSum} &&
         first == std::vector<float>(100000, kSum) &&
         second == std::vector<float>{kRanks, 2 * kSum} &&
         *job.Broadcast(absl::StrCat("from ", job.rank())) == "from 0";
}

// As iterations do; the last one without Progress.
bool SumsRepeat(Communicator& job) {
  const auto sums = job.MakeAllReduce();
  for (int i = 0; i < 3; ++i) {
    std::vector<std::vector<float>> arrays;
    for (int n : {1, 70001, 12}) {
      arrays.emplace_back(n, static_cast<float>(i + job.rank()));
    }
    for (std::vector<float>& array : arrays) {
      if (!sums->Start(array.data(), static_cast<int64_t>(array.size())).ok() ||
          (i < 2 && !sums->Progress().ok())) {
        return false;
      }
    }
    if (!sums->Finish().ok()) return false;
    const auto sum = static_cast<float>(kRanks * i + kRanks * (kRanks - 1) / 2);
    for (const std::vector<float>& array : arrays) {
      if (array != std::vector<float>(array.size(), sum)) return false;
    }
  }
  return true;
}

// What each rank does; its exit code.
int RunRank(const std::string& marker) {
  const auto made = MakeCommunicator();
  if (!made.ok()) return 2;
  Communicator& job = **made;
  if (marker == "give up") {
    if (job.rank() != 1) return job.Barrier().ok() ? 8 : 9;
    job.GiveUp();
    return 1;
  }
  if (job.size() != kRanks) return 3;
  if (*job.Sum(1 + job.rank()) != kRanks * (kRanks + 1) / 2) return 4;
  if (!SumsAreRight(job)) return 10;
  if (!SumsRepeat(job)) return 11;
  // Nobody passes the barrier before the last has come.
  if (job.rank() == kRanks - 1) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    std::FILE* const file = std::fopen(marker.c_str(), "w");
    if (file == nullptr) return 7;
    std::fclose(file);
  }
  if (!job.Barrier().ok()) return 5;
  return access(marker.c_str(), F_OK) == 0 ? 0 : 6;
}

int RunRanks(const std::string& argument) {
  return std::system(absl::StrCat(Mpiexec(kRanks), " ", OwnPath(), " '",
                                  argument, "' 2> /dev/null")
                         .c_str());
}

TEST(MpiCommunicatorTest, RanksMeet) {
  const std::string marker = testing::TempDir() + "/marker";
  unlink(marker.c_str());
  EXPECT_EQ(RunRanks(marker), 0);
}

// The others would wait for ever.
TEST(MpiCommunicatorTest, OneThatGivesUpEndsTheJob) {
  EXPECT_NE(RunRanks("give up"), 0);
}

TEST(MpiCommunicatorTest, WithoutMpiexecAJobOfOne) {
  const auto made = MakeCommunicator();
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ((*made)->size(), 1);
}

}  // namespace
}  // namespace fcis

int main(int argc, char** argv) {
  if (fcis::StartedByMpi()) return fcis::RunRank(argv[1]);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
