#include "fcis/data/codec/image_reader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/data/codec/test_pictures.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A file of these bytes; its name tells nothing.
std::string Write(absl::string_view bytes) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/picture.txt");
  EXPECT_TRUE(WriteFileAtomic(path, bytes).ok());
  return path;
}

std::string ErrorOf(const std::string& path, const ReadOptions& options = {}) {
  const absl::StatusOr<Image> image = ReadImage(path, options);
  EXPECT_FALSE(image.ok());
  return std::string(image.status().message());
}

TEST(ReadImageTest, ReadsBothFormatsWhateverTheName) {
  for (const std::string name : {"yuv420.jpg", "rgb8.png"}) {
    const std::string path = Write(TestPictureBytes(name));
    const absl::StatusOr<Image> image = ReadImage(path);
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_TRUE(image->pixels == PilPixels(name).pixels);
  }
}

TEST(ReadImageTest, ErrorsNameTheFileAndTheReason) {
  const std::string missing = absl::StrCat(::testing::TempDir(), "/no.jpg");
  EXPECT_THAT(ErrorOf(missing),
              AllOf(HasSubstr(missing), HasSubstr("No such file")));
  EXPECT_THAT(ErrorOf(::testing::TempDir()),
              AllOf(HasSubstr(::testing::TempDir()), HasSubstr("directory")));
  std::string path = Write("");
  EXPECT_EQ(ErrorOf(path), absl::StrCat(path, ": the file is empty"));
  path = Write("RIFF1234WEBPVP8 ");
  EXPECT_EQ(ErrorOf(path),
            absl::StrCat(path,
                         ": neither a JPEG nor a PNG file, but a WebP "
                         "picture"));
  path = Write("what is this?");
  EXPECT_EQ(ErrorOf(path),
            absl::StrCat(path, ": neither a JPEG nor a PNG file"));
  for (const std::string name : {"yuv420.jpg", "rgb8.png"}) {
    const std::string bytes = TestPictureBytes(name);
    path = Write(absl::string_view(bytes).substr(0, bytes.size() / 2));
    EXPECT_THAT(ErrorOf(path), AllOf(StartsWith(absl::StrCat(path, ": ")),
                                     HasSubstr("truncated")));
    path = Write(bytes);
    EXPECT_THAT(ErrorOf(path, {1000}),
                AllOf(StartsWith(absl::StrCat(path, ": 53x37 pixels")),
                      HasSubstr("at most 1000")));
  }
}

TEST(ReadImageTest, UnreadableFilesAreErrors) {
  const std::string path = Write(TestPictureBytes("yuv420.jpg"));
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  EXPECT_THAT(ErrorOf(path),
              AllOf(HasSubstr(path), HasSubstr("Permission denied")));
}

}  // namespace
}  // namespace fcis
