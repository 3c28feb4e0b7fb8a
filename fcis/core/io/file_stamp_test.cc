#include "fcis/core/io/file_stamp.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdio>
#include <string>

#include "absl/time/clock.h"
#include "fcis/core/io/file.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

class FileStampTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) {
    ASSERT_TRUE(WriteFileAtomic(path_, text).ok());
  }
  // As if the file had rested for long enough.
  std::string Stamp() const {
    return FileStamp(path_, absl::Now() + absl::Seconds(5));
  }

  const std::string path_ = ::testing::TempDir() + "/stamped";
};

TEST_F(FileStampTest, TheSameWhileNothingChanges) {
  Write("a");
  EXPECT_NE(Stamp(), "");
  EXPECT_EQ(Stamp(), Stamp());
  EXPECT_EQ(FileStamp(path_ + " not there", absl::InfiniteFuture()), "");
}

TEST_F(FileStampTest, SaysNothingOfAFileThatJustChanged) {
  Write("a");
  EXPECT_EQ(FileStamp(path_, absl::Now()), "");
}

// Of the same size and with the old time: the inode tells.
TEST_F(FileStampTest, AReplacedFileDiffers) {
  Write("a");
  struct stat old;
  ASSERT_EQ(stat(path_.c_str(), &old), 0);
  const std::string before = Stamp();
  Write("b");
  const timespec times[] = {old.st_atim, old.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  EXPECT_NE(Stamp(), before);
}

// In place, of the same size and with the old time: the inode's time tells.
TEST_F(FileStampTest, AnOverwrittenFileDiffers) {
  Write("a");
  struct stat old;
  ASSERT_EQ(stat(path_.c_str(), &old), 0);
  const std::string before = Stamp();
  while (Stamp() == before) {  // a tick of the file system's clock may pass
    std::FILE* const file = std::fopen(path_.c_str(), "r+");
    ASSERT_NE(file, nullptr);
    std::fputs("b", file);
    std::fclose(file);
    const timespec times[] = {old.st_atim, old.st_mtim};
    ASSERT_EQ(utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  }
}

}  // namespace
}  // namespace fcis
