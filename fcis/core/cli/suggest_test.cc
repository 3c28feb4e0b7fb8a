#include "fcis/core/cli/suggest.h"

#include <cmath>

#include "fcis/core/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

ABSL_FLAG(int, a_count, 0, "An integer.");
ABSL_FLAG(double, a_number, 0, "A number.");

namespace fcis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(EditDistanceTest, CountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0);
  EXPECT_EQ(EditDistance("abc", ""), 3);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
  EXPECT_EQ(EditDistance("Person", "person"), 0);
  EXPECT_EQ(EditDistance("preson", "person"), 1);  // a swap is one edit
}

TEST(ClosestNamesTest, ClosestFirst) {
  const std::vector<std::string> known = {"car", "cat", "cart", "elephant"};
  EXPECT_THAT(ClosestNames("cr", known), ElementsAre("car"));
  EXPECT_THAT(ClosestNames("cart", known), ElementsAre("cart", "car", "cat"));
  EXPECT_THAT(ClosestNames("giraffe", known), IsEmpty());
  EXPECT_THAT(ClosestNames("x", {}), IsEmpty());
}

TEST(ClosestNamesTest, FindsParts) {
  EXPECT_THAT(ClosestNames("phone", {"cell phone", "car"}),
              ElementsAre("cell phone"));
  // A single letter is in nearly every name.
  EXPECT_THAT(ClosestNames("e", {"elephant", "zebra"}), IsEmpty());
}

TEST(DidYouMeanTest, ReadsAsASentence) {
  EXPECT_EQ(DidYouMean("giraffe", {"car"}), "");
  EXPECT_EQ(DidYouMean("cra", {"car"}, "--"), "; did you mean --car?");
  EXPECT_EQ(DidYouMean("cat", {"cat", "cap", "car"}),
            "; did you mean cat, cap or car?");
}

TEST(CheckAtLeastTest, NamesFlagValueAndLimit) {
  EXPECT_EQ(CheckAtLeast(FLAGS_a_count, 0), absl::OkStatus());
  absl::SetFlag(&FLAGS_a_count, -1);
  EXPECT_EQ(CheckAtLeast(FLAGS_a_count, 0),
            UsageError("--a_count=-1: expected at least 0"));
  absl::SetFlag(&FLAGS_a_number, .25);
  EXPECT_EQ(CheckAtLeast(FLAGS_a_number, 1).message(),
            "--a_number=0.25: expected at least 1");
  absl::SetFlag(&FLAGS_a_number, NAN);
  EXPECT_EQ(CheckAtLeast(FLAGS_a_number, 0).message(),
            "--a_number=nan: expected at least 0");
}

TEST(CheckRangeTest, NamesFlagValueAndBothLimits) {
  for (const int good : {0, 65535}) {
    absl::SetFlag(&FLAGS_a_count, good);
    EXPECT_EQ(CheckRange(FLAGS_a_count, 0, 65535), absl::OkStatus());
  }
  for (const int bad : {-1, 65536}) {
    absl::SetFlag(&FLAGS_a_count, bad);
    EXPECT_EQ(
        CheckRange(FLAGS_a_count, 0, 65535),
        UsageError(absl::StrCat("--a_count=", bad, ": expected 0 to 65535")));
  }
  absl::SetFlag(&FLAGS_a_number, NAN);
  EXPECT_EQ(CheckRange(FLAGS_a_number, -.5, 1).message(),
            "--a_number=nan: expected -0.5 to 1");
  EXPECT_EQ(CheckRange("size", 2.5f, 0, 1),
            UsageError("--size=2.5: expected 0 to 1"));
}

TEST(CheckChoiceTest, NamesFlagValueAndChoices) {
  EXPECT_TRUE(CheckChoice("precision", "f32", {"f32", "bf16"}).ok());
  const absl::Status status = CheckChoice("precision", "f23", {"f32", "bf16"});
  EXPECT_EQ(ExitCode(status), kExitUsage);
  EXPECT_THAT(
      std::string(status.message()),
      HasSubstr("--precision=f23: expected f32, bf16; did you mean f32?"));
}

}  // namespace
}  // namespace fcis
