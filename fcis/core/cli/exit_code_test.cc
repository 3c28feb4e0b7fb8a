#include "fcis/core/cli/exit_code.h"

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(ExitCodeTest, OneCodePerKind) {
  EXPECT_EQ(ExitCode(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCode(absl::NotFoundError("a.jpg")), 1);
  EXPECT_EQ(ExitCode(absl::InvalidArgumentError("a.jpg is not a JPEG")), 1);
  EXPECT_EQ(ExitCode(UsageError("unknown flag")), 2);
  EXPECT_EQ(ExitCode(VerificationError("checksum differs")), 3);
}

TEST(ExitCodeTest, KeepsTheMessage) {
  EXPECT_EQ(UsageError("unknown flag --x").message(), "unknown flag --x");
  EXPECT_EQ(VerificationError("sha256 differs").message(), "sha256 differs");
}

}  // namespace
}  // namespace fcis
