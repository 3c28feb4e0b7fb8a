#include "fcis/tools/keep_pictures.h"

#include <filesystem>
#include <fstream>

#include "fcis/core/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(CheckKeepsPicturesTest, NamesThePictureThatWouldGo) {
  const fs::path root = fs::path(::testing::TempDir()) / "keep";
  fs::create_directories(root);
  std::ofstream(root / "a.png") << "x";
  std::ofstream(root / "b.jpg") << "x";
  const std::string here = root.string();
  const PictureList png = ListPictures("", {here + "/a.png"});
  const PictureList jpg = ListPictures("", {here + "/b.jpg"});
  EXPECT_TRUE(CheckKeepsPictures(jpg, here).ok());
  EXPECT_TRUE(CheckKeepsPictures(png, here + "/other").ok());
  const absl::Status status = CheckKeepsPictures(png, here + "/x/..");
  EXPECT_EQ(ExitCode(status), kExitUsage);
  EXPECT_THAT(status.ToString(), HasSubstr("a.png"));
}

}  // namespace
}  // namespace fcis::tools
