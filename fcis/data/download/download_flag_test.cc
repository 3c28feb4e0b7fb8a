#include "fcis/data/download/download_flag.h"

#include "absl/flags/reflection.h"
#include "fcis/core/cli/flag_parser.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

TEST(DownloadFlagTest, FetchesUnlessForbidden) {
  const absl::FlagSaver saver;
  const auto fetch = ModelFetcherFromFlags("/proc/no");
  ASSERT_NE(fetch, nullptr);
  EXPECT_TRUE(absl::IsNotFound(fetch("no_such_model").status()));
  const auto fetch_default = DefaultModelFetcherFromFlags("/proc/no");
  ASSERT_NE(fetch_default, nullptr);
  EXPECT_FALSE(fetch_default([](auto&) { return absl::OkStatus(); }).ok());
  ASSERT_TRUE(ParseFlags({"--nodownload"}, {}).ok());
  EXPECT_EQ(ModelFetcherFromFlags("/proc/no"), nullptr);
  EXPECT_EQ(DefaultModelFetcherFromFlags("/proc/no"), nullptr);
}

}  // namespace
}  // namespace fcis::data
