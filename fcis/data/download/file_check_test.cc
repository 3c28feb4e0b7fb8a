#include "fcis/data/download/file_check.h"

#include <filesystem>

#include "fcis/core/io/file.h"
#include "fcis/data/download/test_archive.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::HasSubstr;

constexpr char kAbcMd5[] = "900150983cd24fb0d6963f7d28e17f72";
constexpr char kAbcSha256[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class FileCheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "/checked";
    std::filesystem::remove(PinPath(path_));
    Write("abc");
  }
  void Write(const std::string& bytes) {
    ASSERT_TRUE(WriteFileAtomic(path_, bytes).ok());
  }
  std::string Error() {
    return std::string(CheckFile(item_, path_, path_).message());
  }
  bool Pinned() { return std::filesystem::exists(PinPath(path_)); }

  std::string path_;
  DownloadItem item_;
};

TEST_F(FileCheckTest, PublishedValues) {
  item_.set_size(3);
  item_.set_md5(kAbcMd5);
  item_.set_sha256(kAbcSha256);
  EXPECT_EQ(Error(), "");
  EXPECT_FALSE(Pinned());
  Write("abd");
  EXPECT_THAT(Error(), HasSubstr("MD5"));
  item_.clear_md5();
  EXPECT_THAT(Error(), HasSubstr(std::string("expected ") + kAbcSha256));
  Write("abcd");
  EXPECT_THAT(Error(), HasSubstr("its size is 4, expected 3"));
}

TEST_F(FileCheckTest, TheFirstGoodOneIsPinned) {
  EXPECT_EQ(Error(), "");
  EXPECT_EQ(ReadFile(PinPath(path_)).value(),
            std::string(kAbcSha256) + "  checked\n");
  EXPECT_EQ(Error(), "");
  Write("abd");
  EXPECT_THAT(Error(), HasSubstr(PinPath(path_)));
}

TEST_F(FileCheckTest, StructureWhereNoHashIsKnown) {
  for (const auto format : {DownloadItem::NPZ, DownloadItem::ZIP,
                            DownloadItem::TGZ, DownloadItem::MXNET_PARAMS}) {
    item_.set_format(format);
    EXPECT_NE(Error(), "") << format;
    EXPECT_FALSE(Pinned());
  }
  const std::string npz = MakeArchive({{"a.npy", "x"}}, true);
  const std::string zip = MakeArchive({{"a.txt", "x"}}, true);
  item_.set_format(DownloadItem::NPZ);
  Write(zip);
  EXPECT_THAT(Error(), HasSubstr("*.npy"));
  Write(npz.substr(0, npz.size() - 30));
  EXPECT_NE(Error(), "");
  Write(npz);
  EXPECT_EQ(Error(), "");
}

TEST_F(FileCheckTest, Mxnet) {
  item_.set_format(DownloadItem::MXNET_PARAMS);
  Write(std::string("\x12\x01\0\0\0\0\0\0 more", 13));
  EXPECT_EQ(Error(), "");
}

TEST(FileDigestTest, PublishedValues) {
  const std::string path = ::testing::TempDir() + "/digest";
  ASSERT_TRUE(WriteFileAtomic(path, "abc").ok());
  const absl::StatusOr<FileDigest> digest = DigestFile(path);
  ASSERT_TRUE(digest.ok()) << digest.status();
  EXPECT_EQ(digest->md5, "900150983cd24fb0d6963f7d28e17f72");  // RFC 1321
  EXPECT_EQ(digest->sha256,                                    // FIPS 180-2
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest->size, 3);
}

TEST(FileDigestTest, LongerThanItsBuffer) {
  const std::string path = ::testing::TempDir() + "/digest_long";
  ASSERT_TRUE(WriteFileAtomic(path, std::string(1000000, 'a')).ok());
  EXPECT_EQ(DigestFile(path)->sha256,  // FIPS 180-2
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  ASSERT_TRUE(WriteFileAtomic(path, std::string(3 << 20, '\0')).ok());
  EXPECT_EQ(DigestFile(path)->size, 3 << 20);
}

TEST(FileDigestTest, MissingFileIsNamed) {
  EXPECT_THAT(DigestFile("/no/such").status().ToString(),
              ::testing::HasSubstr("/no/such"));
}

}  // namespace
}  // namespace fcis::data
