#include "fcis/eval/predict/model_source.h"

#include <cstdlib>

#include "absl/flags/reflection.h"
#include "fcis/core/cli/flag_parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

using ::testing::StartsWith;

TEST(ModelSourceTest, FetchesUnlessForbidden) {
  const absl::FlagSaver saver;
  setenv("HOME", "/proc/no", 1);  // where no directory can be made
  const auto fetch = ModelFetcherFromFlags();
  ASSERT_NE(fetch, nullptr);
  EXPECT_TRUE(absl::IsNotFound(fetch("no_such_model").status()));
  const auto failed = ModelFromFlags();
  ASSERT_TRUE(failed.ok()) << failed.status();
  EXPECT_THAT(failed->statement,
              StartsWith("cannot make /proc/no/data/models: "));
  ASSERT_TRUE(ParseFlags({"--nodownload"}, {}).ok());
  EXPECT_EQ(ModelFetcherFromFlags(), nullptr);
  const auto forbidden = ModelFromFlags();
  ASSERT_TRUE(forbidden.ok()) << forbidden.status();
  EXPECT_THAT(forbidden->statement, StartsWith("model: the embedded one ("));
}

}  // namespace
}  // namespace fcis::eval
