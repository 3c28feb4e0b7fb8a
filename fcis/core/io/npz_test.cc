#include "fcis/core/io/npz.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Path(absl::string_view name) {
  return absl::StrCat(::testing::TempDir(), "/", name);
}

std::string WriteSample(absl::string_view name) {
  const std::string path = Path(name);
  const absl::Status status = WriteNpz(
      path, {{"a/b", Tensor::FromSpan<float>({2, 3}, {1, 2, 3, 4, 5, 6})},
             {"n", Tensor::FromSpan<int64_t>({}, {-7})},
             {"none", Tensor(Shape{0, 4}, DType::kU8)}});
  EXPECT_TRUE(status.ok()) << status;
  return path;
}

TEST(Npz, RoundTrip) {
  auto file = NpzFile::Open(WriteSample("round.npz"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT((*file)->names(), ElementsAre("a/b", "n", "none"));
  const Tensor a = *(*file)->Read("a/b");
  EXPECT_EQ(a.shape(), Shape({2, 3}));
  EXPECT_THAT(a.span<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  const Tensor n = *(*file)->Read("n");
  EXPECT_EQ(n.shape().rank(), 0);
  EXPECT_EQ(n.data<int64_t>()[0], -7);
  EXPECT_EQ((*file)->Read("none")->shape(), Shape({0, 4}));
}

TEST(Npz, SameArraysSameBytes) {
  EXPECT_EQ(*ReadFile(WriteSample("x.npz")), *ReadFile(WriteSample("y.npz")));
}

TEST(Npz, ErrorsNameFileAndArray) {
  EXPECT_THAT(NpzFile::Open(Path("no.npz")).status().message(),
              HasSubstr("no.npz"));
  ASSERT_TRUE(WriteFileAtomic(Path("text.npz"), "hello").ok());
  EXPECT_THAT(NpzFile::Open(Path("text.npz")).status().message(),
              HasSubstr("not a sound .npz"));
  auto file = NpzFile::Open(WriteSample("z.npz"));
  EXPECT_THAT((*file)->Read("b").status().message(), HasSubstr("no array b"));
}

// A small file that claims to unpack to 4 GB does not get them.
TEST(Npz, ImpossibleSizeIsRefused) {
  std::string bytes = *ReadFile(WriteSample("bomb.npz"));
  constexpr absl::string_view kClaim("\xF0\xFF\xFF\xFE", 4);
  const size_t local = bytes.find("PK\3\4");
  const size_t central = bytes.find("PK\1\2");
  ASSERT_NE(central, std::string::npos);
  bytes.replace(local + 22, kClaim.size(), std::string(kClaim));
  bytes.replace(central + 24, kClaim.size(), std::string(kClaim));
  ASSERT_TRUE(WriteFileAtomic(Path("bomb.npz"), bytes).ok());
  auto file = NpzFile::Open(Path("bomb.npz"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT((*file)->Read("a/b").status().message(),
              HasSubstr("bomb.npz: a/b: claims an impossible size"));
}

// The file of WriteSample with another size claimed for a member that is packed
// to `packed` bytes.
std::string ErrorOfClaim(uint64_t packed, uint64_t size) {
  std::string bytes = *ReadFile(WriteSample("claim.npz"));
  const auto put = [&bytes](size_t at, uint64_t value) {
    for (int i = 0; i < 4; ++i)
      bytes[at + i] = static_cast<char>(value >> 8 * i);
  };
  const size_t central = bytes.find("PK\1\2");
  put(central + 20, packed);
  put(central + 24, size);
  EXPECT_TRUE(WriteFileAtomic(Path("claim.npz"), bytes).ok());
  auto file = NpzFile::Open(Path("claim.npz"));
  EXPECT_TRUE(file.ok()) << file.status();
  return std::string((*file)->Read("a/b").status().message());
}

TEST(Npz, SizesAreLimited) {
  const std::string impossible = "claims an impossible size";
  constexpr uint64_t kPacked = 100, kMost = kPacked * kMaxNpzRatio;
  EXPECT_THAT(ErrorOfClaim(kPacked, kMost), Not(HasSubstr(impossible)));
  EXPECT_THAT(ErrorOfClaim(kPacked, kMost + kMaxNpzRatio),
              HasSubstr(impossible));
  EXPECT_THAT(ErrorOfClaim(1 << 20, kMaxNpzMemberBytes),
              Not(HasSubstr(impossible)));
  EXPECT_THAT(ErrorOfClaim(1 << 20, kMaxNpzMemberBytes + 1),
              HasSubstr(impossible));
}

// Every truncation and every flipped byte is an error or the same arrays:
// never a crash.
TEST(Npz, DamageIsFound) {
  const std::string good = *ReadFile(WriteSample("good.npz"));
  int changed = 0;
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x55);
    ASSERT_TRUE(WriteFileAtomic(Path("bad.npz"), bad).ok());
    auto file = NpzFile::Open(Path("bad.npz"));
    if (!file.ok()) continue;
    const absl::StatusOr<Tensor> a = (*file)->Read("a/b");
    if (a.ok() &&
        a->span<float>() != absl::Span<const float>({1, 2, 3, 4, 5, 6})) {
      ++changed;
    }
  }
  EXPECT_EQ(changed, 0);
  for (size_t n = 0; n < good.size(); n += 7) {
    ASSERT_TRUE(WriteFileAtomic(Path("cut.npz"), good.substr(0, n)).ok());
    EXPECT_FALSE(NpzFile::Open(Path("cut.npz")).ok());
  }
}

}  // namespace
}  // namespace fcis
