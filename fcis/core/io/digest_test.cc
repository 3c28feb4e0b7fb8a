#include "fcis/core/io/digest.h"

#include "gtest/gtest.h"

namespace fcis {
namespace {

// RFC 1321 and FIPS 180-2.
constexpr char kMd5OfAbc[] = "900150983cd24fb0d6963f7d28e17f72";
constexpr char kSha256OfAbc[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, PublishedValues) {
  Digest md5 = Digest::Md5(), sha256 = Digest::Sha256();
  for (Digest* digest : {&md5, &sha256}) digest->Update("abc");
  EXPECT_EQ(md5.Hex(), kMd5OfAbc);
  EXPECT_EQ(sha256.Hex(), kSha256OfAbc);
}

TEST(Digest, PiecesAreOneText) {
  Digest digest = Digest::Sha256();
  for (const char* piece : {"a", "", "bc"}) digest.Update(piece);
  EXPECT_EQ(digest.Hex(), kSha256OfAbc);
}

}  // namespace
}  // namespace fcis
