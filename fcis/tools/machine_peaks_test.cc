#include "fcis/tools/machine_peaks.h"

#include "dnnl.hpp"
#include "fcis/core/base/parallel.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

// No CPU of ours is slower than the one, or faster than the other, per thread.
void ExpectPlausible(double flops) {
  EXPECT_GT(flops, 1e8);
  EXPECT_LT(flops / NumThreads(), 1e14);
}

TEST(PeakFlops, OfEveryPrecision) {
  for (const char* precision : {"f32", "bf16", "int8"}) {
    ExpectPlausible(PeakFlops(precision));
  }
}

TEST(PeakFlops, NarrowerIsFaster) {
  const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const auto bf16 = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  if ((isa & bf16) != bf16) GTEST_SKIP() << "no AVX512_BF16";
  const double f32 = PeakFlops("f32");
  EXPECT_GT(PeakFlops("int8"), 1.5 * f32);
}

TEST(PeakBandwidth, IsPlausible) {
  const double bytes = PeakBandwidth(1 << 24);
  EXPECT_GT(bytes, 1e8);
  EXPECT_LT(bytes, 1e13);
}

}  // namespace
}  // namespace fcis::tools
