#include "fcis/core/io/npy.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Npy(absl::string_view header, absl::string_view data) {
  return absl::StrCat(absl::string_view("\x93NUMPY\x01\x00", 8),
                      std::string(1, static_cast<char>(header.size())),
                      std::string(1, '\0'), header, data);
}

std::string Dict(absl::string_view descr, absl::string_view order,
                 absl::string_view shape) {
  return absl::StrCat("{'descr': ", descr, ", 'fortran_order': ", order,
                      ", 'shape': ", shape, ", }\n");
}

absl::Status StatusOf(const std::string& bytes) {
  return ParseNpy(bytes, "f: x").status();
}

TEST(ParseNpy, ReadsBothOrders) {
  const std::string data("\1\2\3\4\5\6", 6);
  EXPECT_THAT(ParseNpy(Npy(Dict("'|u1'", "False", "(2, 3)"), data), "x")
                  ->span<uint8_t>(),
              ElementsAre(1, 2, 3, 4, 5, 6));
  const Tensor t = *ParseNpy(Npy(Dict("'|u1'", "True", "(2, 3)"), data), "x");
  EXPECT_EQ(t.shape(), Shape({2, 3}));
  EXPECT_THAT(t.span<uint8_t>(), ElementsAre(1, 3, 5, 2, 4, 6));
}

TEST(ParseNpy, HalfFloatsAreWidened) {
  const std::string data("\x00\x3c\x00\xc0\x01\x00\x00\x7c", 8);
  const Tensor t = *ParseNpy(Npy(Dict("'<f2'", "False", "(4,)"), data), "x");
  EXPECT_EQ(t.data<float>()[0], 1.0f);
  EXPECT_EQ(t.data<float>()[1], -2.0f);
  EXPECT_EQ(t.data<float>()[2], 0x1p-24f);
  EXPECT_GT(t.data<float>()[3], 1e38f);
}

TEST(ParseNpy, RefusesWhatIsNotANumericArray) {
  const std::string eight(8, 'x');
  EXPECT_THAT(StatusOf("hello").message(), HasSubstr("f: x: not a .npy"));
  EXPECT_THAT(StatusOf(Npy(Dict("'|O'", "False", "(1,)"), eight)).message(),
              HasSubstr("its type '|O'"));
  EXPECT_THAT(StatusOf(Npy(Dict("'>f4'", "False", "(2,)"), eight)).message(),
              HasSubstr("its type '>f4'"));
  EXPECT_THAT(StatusOf(Npy(Dict("'<f4'", "False", "(3,)"), eight)).message(),
              HasSubstr("does not fit its 8 bytes"));
  EXPECT_THAT(StatusOf(Npy(Dict("'<f4'", "False", "(-2,)"), eight)).message(),
              HasSubstr("negative"));
  EXPECT_FALSE(StatusOf(Npy(Dict("'<f4'", "False",
                                 "(4611686018427387904, 4611686018427387904)"),
                            eight))
                   .ok());
  EXPECT_FALSE(
      StatusOf(Npy(Dict("'<f8'", "False", "(2305843009213693953,)"), eight))
          .ok());
}

TEST(NpyHeader, RoundTripsEveryType) {
  for (const DType type : {DType::kF32, DType::kF64, DType::kI8, DType::kU8,
                           DType::kI32, DType::kI64, DType::kU64}) {
    const Tensor zeros = Tensor::Zeros({3, 1}, type);
    std::string bytes = *NpyHeader(zeros.shape(), type);
    EXPECT_EQ(bytes.size() % 64, 0u);
    bytes.append(static_cast<const char*>(zeros.raw()), zeros.num_bytes());
    EXPECT_EQ(ParseNpy(bytes, "x")->type(), type);
  }
  EXPECT_FALSE(NpyHeader({1}, DType::kBF16).ok());
  EXPECT_FALSE(NpyHeader({1}, DType::kF16).ok());
}

}  // namespace
}  // namespace fcis
