#include "fcis/kernels/cpu/dnnl_context.h"

#include <sys/resource.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

using ::testing::HasSubstr;

std::string Work() { return "a conv"; }

TEST(DnnlGuardTest, ExceptionsAreErrorsThatNameTheWork) {
  EXPECT_TRUE(DnnlGuard(Work, [] {}).ok());
  const absl::Status status = DnnlGuard(
      Work, [] { throw dnnl::error(dnnl_unimplemented, "no such thing"); });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(status.message(), HasSubstr("no such thing (a conv)"));
}

TEST(DnnlGuardTest, NothingBeginsWithoutMemory) {
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_AS, &limit), 0);
  const rlimit little = {1, limit.rlim_max};
  bool begun = false;
  ASSERT_EQ(setrlimit(RLIMIT_AS, &little), 0);
  const absl::Status status = DnnlGuard(Work, [&] { begun = true; });
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  EXPECT_FALSE(begun);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("too little for a conv"));
}

}  // namespace
}  // namespace fcis::kernels
