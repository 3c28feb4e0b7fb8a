#include "fcis/data/convert/unzip.h"

#include <filesystem>
#include <string>

#include "fcis/core/io/file.h"
#include "fcis/core/io/zip_archive.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

class UnzipTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = (fs::path(::testing::TempDir()) / "unzip").string();
    fs::remove_all(root_);
    fs::create_directories(root_);
  }

  absl::Status Unpack(const std::string& bytes) {
    EXPECT_TRUE(WriteFileAtomic(root_ + "/a.zip", bytes).ok());
    const auto paths = Unzip(root_ + "/a.zip", root_ + "/out");
    if (paths.ok()) paths_ = *paths;
    return paths.status();
  }

  std::string root_;
  std::vector<std::string> paths_;
};

TEST_F(UnzipTest, WritesFilesOverOlderOnes) {
  ASSERT_TRUE(Unpack(*MakeZip({{"d/", ""}, {"d/e.txt", "old"}})).ok());
  EXPECT_EQ(*ReadFile(root_ + "/out/d/e.txt"), "old");
  ASSERT_TRUE(Unpack(*MakeZip({{"f", ""}, {"d/e.txt", "new"}})).ok());
  EXPECT_THAT(paths_, ElementsAre(root_ + "/out/d/e.txt", root_ + "/out/f"));
  EXPECT_EQ(*ReadFile(root_ + "/out/d/e.txt"), "new");
}

TEST_F(UnzipTest, RefusesUnsafeNamesBeforeItWrites) {
  for (const char* name : {"/etc/x", "../x", "a/../../x", "a\\x", ""}) {
    const absl::Status status =
        Unpack(*MakeZip({{"good.txt", "x"}, {name, "x"}}));
    EXPECT_THAT(status.message(), HasSubstr("an unsafe name")) << name;
  }
  EXPECT_THAT(Unpack(*MakeZip({{"a", "x"}, {"a", "y"}})).message(),
              HasSubstr("stands twice"));
  EXPECT_FALSE(fs::exists(root_ + "/out"));
}

TEST_F(UnzipTest, EntriesAndBytesAreLimited) {
  ArchiveLimits limits;
  limits.ratio = 0;
  limits.free_bytes = 5;
  limits.entries = 2;
  const std::string archive = root_ + "/a.zip";
  ASSERT_TRUE(
      WriteFileAtomic(archive, *MakeZip({{"a", "123"}, {"b", "45"}})).ok());
  EXPECT_TRUE(Unzip(archive, root_ + "/out", limits).ok());
  limits.entries = 1;
  EXPECT_THAT(Unzip(archive, root_ + "/out", limits).status().message(),
              HasSubstr("2 entries, expected at most 1"));
  limits.entries = 2;
  limits.free_bytes = 4;
  EXPECT_THAT(Unzip(archive, root_ + "/out", limits).status().message(),
              HasSubstr("b: claims an impossible amount"));
}

TEST_F(UnzipTest, RefusesWhatIsNoSoundArchive) {
  EXPECT_THAT(Unpack("no zip").message(), HasSubstr("a.zip: "));
  std::string bytes = *MakeZip({{"a.txt", "some text"}});
  bytes[bytes.find("some")] = 'S';  // another checksum
  EXPECT_THAT(Unpack(bytes).message(), HasSubstr("a.txt: "));
  // 2 GB are claimed of 9 bytes: in the directory, behind the 20th byte.
  bytes = *MakeZip({{"a.txt", "some text"}});
  const size_t directory = bytes.find("PK\x01\x02");
  bytes[directory + 27] = 0x7f;
  EXPECT_FALSE(Unpack(bytes).ok());
  EXPECT_FALSE(fs::exists(root_ + "/out/a.txt"));
}

}  // namespace
}  // namespace fcis::data
