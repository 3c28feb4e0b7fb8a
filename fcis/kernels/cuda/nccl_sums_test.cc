// Runs itself under mpiexec, a process per GPU.
#include "fcis/kernels/cuda/nccl_sums.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/comm/mpi_communicator.h"
#include "fcis/core/testing/run_program.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/cuda/cuda_device.h"
#include "fcis/kernels/map_type.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace cuda {
namespace {

constexpr int64_t kElements = 1 << 20;

std::string OwnPath() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return std::string(path, static_cast<size_t>(length));
}

// What each rank does; its exit code. "bf16": numbers that bf16 holds. "hang":
// all but rank 0 stay away; "share": there are more ranks than GPUs.
int RunRank(const std::string& what) {
  const bool bf16 = what == "bf16";
  const int64_t period = bf16 ? 100 : 1000;
  const auto job = MakeCommunicator();
  const auto gpu = CudaDevice::Create();
  if (!job.ok() || !gpu.ok()) return 2;
  const int size = (*job)->size(), rank = (*job)->rank();
  const auto sums =
      MakeNcclSums(job->get(), (*gpu)->stream(),
                   bf16 ? DType::kBF16 : DType::kF32, absl::Seconds(5));
  if (what == "share") {
    return absl::IsFailedPrecondition(sums.status()) ? 0 : 7;
  }
  if (!sums.ok()) return 3;
  Tensor host(Shape{kElements}, bf16 ? DType::kBF16 : DType::kF32);
  WithMapType(host.type(), [&](auto t) {
    auto* to = host.mutable_data<MapElement<decltype(t)>>();
    for (int64_t i = 0; i < kElements; ++i) {
      StoreF32(static_cast<float>(i % period + rank), to + i);
    }
  });
  Tensor device = *(*gpu)->ToDevice(host);
  Tensor first = device.Part(0, {kElements / 2});
  Tensor second = device.Part(kElements / 2, {kElements / 2});
  if (what == "hang" && rank > 0) {
    sleep(20);
    _exit(0);
  }
  // Two buckets under way at once.
  bool ok = (*sums)->Start(first.mutable_raw(), kElements / 2).ok();
  ok = ok && (*sums)->Start(second.mutable_raw(), kElements / 2).ok();
  const absl::Status done = (*sums)->Finish();
  if (what == "hang") {
    (*job)->GiveUp();
    return absl::IsDeadlineExceeded(done) ? 0 : 4;
  }
  if (!ok || !done.ok()) return 5;
  const Tensor after = AsF32(*(*gpu)->ToHost(device));
  for (int64_t i = 0; i < kElements; ++i) {
    const int64_t want = size * (i % period) + size * (size - 1) / 2;
    if (after.data<float>()[i] != static_cast<float>(want)) return 6;
  }
  return 0;
}

int Gpus() {
  int devices = 0;
  return cudaGetDeviceCount(&devices) == cudaSuccess ? devices : 0;
}

int RunRanks(int ranks, const std::string& what) {
  return std::system(
      absl::StrCat(Mpiexec(ranks), " ", OwnPath(), " ", what).c_str());
}

TEST(NcclSumsTest, OneGpu) {
  if (Gpus() < 1) GTEST_SKIP() << "no GPU";
  EXPECT_EQ(RunRanks(1, "sum"), 0);
  EXPECT_EQ(RunRanks(1, "bf16"), 0);
}

TEST(NcclSumsTest, TwoGpus) {
  if (Gpus() < 2) GTEST_SKIP() << Gpus() << " GPUs, 2 needed";
  EXPECT_EQ(RunRanks(2, "sum"), 0);
}

TEST(NcclSumsTest, AGpuIsNotShared) {
  if (Gpus() < 1) GTEST_SKIP() << "no GPU";
  EXPECT_EQ(RunRanks(Gpus() + 1, "share"), 0);
}

TEST(NcclSumsTest, TwoGpusInBf16) {
  if (Gpus() < 2) GTEST_SKIP() << Gpus() << " GPUs, 2 needed";
  EXPECT_EQ(RunRanks(2, "bf16"), 0);
}

TEST(NcclSumsTest, HangIsGivenUp) {
  if (Gpus() < 2) GTEST_SKIP() << Gpus() << " GPUs, 2 needed";
  EXPECT_EQ(RunRanks(2, "hang"), 0);
}

}  // namespace
}  // namespace cuda
}  // namespace fcis::kernels

int main(int argc, char** argv) {
  if (fcis::StartedByMpi()) return fcis::kernels::cuda::RunRank(argv[1]);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
