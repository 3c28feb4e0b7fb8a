#include "fcis/core/io/append_file.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::HasSubstr;

std::string Path(absl::string_view name) {
  return absl::StrCat(::testing::TempDir(), "/", name);
}

TEST(AppendFile, GrowsAndIsCut) {
  const std::string path = Path("grows");
  unlink(path.c_str());
  auto file = AppendFile::Open(path, 0);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->Append("one\n").ok());
  EXPECT_EQ(*ReadFile(path), "one\n");
  ASSERT_TRUE((*file)->Append("two\n").ok());
  ASSERT_TRUE((*file)->Sync().ok());
  file = AppendFile::Open(path, 4);
  ASSERT_TRUE((*file)->Append("three\n").ok());
  EXPECT_EQ(*ReadFile(path), "one\nthree\n");
}

// A file-size limit stands in for a full disk.
TEST(AppendFile, FullDiskLeavesWholeRecords) {
  const std::string path = Path("full");
  auto file = AppendFile::Open(path, 0);
  ASSERT_TRUE((*file)->Append("12345\n").ok());
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small = {10, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = (*file)->Append("67890\n");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_THAT(status.message(), HasSubstr("cannot write " + path));
  EXPECT_EQ(*ReadFile(path), "12345\n");
  ASSERT_TRUE((*file)->Append("abc\n").ok());
  EXPECT_EQ(*ReadFile(path), "12345\nabc\n");
}

TEST(AppendFile, ErrorsNameThePath) {
  EXPECT_THAT(AppendFile::Open("/no/such/log", 0).status().message(),
              HasSubstr("/no/such/log"));
}

}  // namespace
}  // namespace fcis
