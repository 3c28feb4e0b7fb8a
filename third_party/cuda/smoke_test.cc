// Proves the CUDA part of a machine: nvcc's objects link, the libraries load,
// and, with a driver, a kernel runs.
#include "third_party/cuda/smoke.h"

#include <numeric>
#include <vector>

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(Cuda, LibrariesLoad) {
  EXPECT_GE(CudnnVersion(), 80000);
  EXPECT_GE(NcclVersion(), 20000);
}

TEST(Cuda, KernelRuns) {
  if (CudaDeviceCount() == 0) GTEST_SKIP() << "no CUDA device";
  std::vector<float> data(1000);
  std::iota(data.begin(), data.end(), 0.0f);
  ASSERT_EQ(DoubleOnDevice(data.data(), 1000), absl::OkStatus());
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(data[i], 2.0f * i);
}

}  // namespace
}  // namespace fcis
