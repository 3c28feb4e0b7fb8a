#include "fcis/tools/environment.h"

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

TEST(DescribeEnvironment, NamesWhatMatters) {
  std::vector<std::string> names;
  for (const kernels::EnvironmentEntry& e : DescribeEnvironment()) {
    names.push_back(e.name);
    EXPECT_FALSE(e.value.empty()) << e.name;
  }
  EXPECT_THAT(names, ::testing::IsSupersetOf({"processor", "cores", "threads",
                                              "memory", "oneDNN", "MPI", "CUDA",
                                              "cuDNN", "NCCL"}));
}

TEST(DescribeCuda, SaysWhetherItIsCompiledIn) {
  for (const kernels::EnvironmentEntry& e : kernels::DescribeCuda()) {
    if (e.name != "CUDA") continue;
#if defined(FCIS_CUDA)
    EXPECT_FALSE(absl::StrContains(e.value, "not compiled in"));
#else
    EXPECT_TRUE(absl::StrContains(e.value, "not compiled in"));
#endif
    return;
  }
  ADD_FAILURE() << "no entry CUDA";
}

TEST(EnvironmentText, AlignsValues) {
  EXPECT_EQ(kernels::EnvironmentText({{"a", "1"}, {"long", "2"}}),
            "a     1\nlong  2\n");
}

}  // namespace
}  // namespace fcis::tools
