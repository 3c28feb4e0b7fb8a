// Runs itself under mpiexec.
#include "fcis/core/comm/mpi_communicator.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

constexpr int kRanks = 3;

std::string OwnPath() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return std::string(path, static_cast<size_t>(length));
}

// What each rank does; its exit code.
int RunRank(const char* marker) {
  const auto made = MakeCommunicator();
  if (!made.ok()) return 2;
  Communicator& job = **made;
  if (job.size() != kRanks) return 3;
  if (*job.Max(10 * job.rank()) != 10 * (kRanks - 1)) return 4;
  // Nobody passes the barrier before the last has come.
  if (job.rank() == kRanks - 1) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    std::FILE* const file = std::fopen(marker, "w");
    if (file == nullptr) return 7;
    std::fclose(file);
  }
  if (!job.Barrier().ok()) return 5;
  return access(marker, F_OK) == 0 ? 0 : 6;
}

TEST(MpiCommunicatorTest, RanksMeet) {
  const std::string marker = testing::TempDir() + "/marker";
  unlink(marker.c_str());
  const std::string command =
      absl::StrCat("mpiexec --allow-run-as-root --oversubscribe -n ", kRanks,
                   " ", OwnPath(), " ", marker);
  EXPECT_EQ(std::system(command.c_str()), 0);
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
