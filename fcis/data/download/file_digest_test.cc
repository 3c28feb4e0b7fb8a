#include "fcis/data/download/file_digest.h"

#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

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
