#include "fcis/kernels/cuda/own_gpu.h"

#include <vector>

#include "fcis/core/comm/fake_communicator.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace cuda {
namespace {

GpuId Gpu(unsigned char number) {
  GpuId id = {};
  id[3] = number;
  id[15] = 255;
  return id;
}

TEST(OwnGpuTest, OneEachIsFine) {
  EXPECT_TRUE(CheckOwnGpus({}).ok());
  EXPECT_TRUE(CheckOwnGpus({Gpu(0)}).ok());
  EXPECT_TRUE(CheckOwnGpus({Gpu(2), Gpu(1), Gpu(3)}).ok());
}

TEST(OwnGpuTest, NamesWhoShares) {
  const absl::Status status =
      CheckOwnGpus({Gpu(1), Gpu(171), Gpu(1), Gpu(171), Gpu(3), Gpu(1)});
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(
      status.message().substr(0, 69),
      "ranks 0, 2, 5 share GPU-00000001...; ranks 1, 3 share GPU-000000ab...")
      << status;
}

// Rank 1 of three; the others' values are there already.
class Three : public FakeCommunicator {
 public:
  Three(const GpuId& first, const GpuId& last)
      : FakeCommunicator(1, 3), gpus_{first, {}, last} {}
  absl::Status Sum(absl::Span<double> values) override {
    if (broken) return absl::InternalError("broken");
    for (size_t i = 0; i < values.size(); ++i)
      values[i] += gpus_[i / 16][i % 16];
    return absl::OkStatus();
  }

  bool broken = false;

 private:
  const std::vector<GpuId> gpus_;
};

TEST(OwnGpuTest, AsksTheOthers) {
  Three job(Gpu(7), Gpu(9));
  EXPECT_TRUE(CheckOwnGpu(&job, Gpu(8)).ok());
  const absl::Status status = CheckOwnGpu(&job, Gpu(9));
  EXPECT_EQ(status.message().substr(0, 16), "ranks 1, 2 share") << status;
  job.broken = true;
  EXPECT_TRUE(absl::IsInternal(CheckOwnGpu(&job, Gpu(8))));
}

}  // namespace
}  // namespace cuda
}  // namespace fcis::kernels
