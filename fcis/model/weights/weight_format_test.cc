#include "fcis/model/weights/weight_format.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/zip_archive.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Named as if it were what it is not.
std::string Path() { return ::testing::TempDir() + "/model.safetensors"; }

absl::StatusOr<WeightFormat> FormatOf(absl::string_view bytes) {
  EXPECT_TRUE(WriteFileAtomic(Path(), bytes).ok());
  return WeightFormatOf(Path());
}

std::string ErrorOf(absl::string_view bytes) {
  return std::string(FormatOf(bytes).status().message());
}

// The error over a zip archive of these members, each with a byte.
std::string ErrorOfZip(const std::vector<std::string>& members) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const std::string& name : members) all.emplace_back(name, "x");
  return ErrorOf(MakeZip(all).value());
}

TEST(WeightFormatOf, WhatIsRead) {
  const std::string dir = "fcis/model/weights/testdata/";
  EXPECT_EQ(*WeightFormatOf("fcis/testdata/parity_chainercv/weights_mini.npz"),
            WeightFormat::kNpz);
  EXPECT_EQ(*WeightFormatOf("fcis/testdata/parity_chainercv/mxnet_mini.params"),
            WeightFormat::kMxnet);
  EXPECT_EQ(*FormatOf(absl::string_view("\x02\0\0\0\0\0\0\0{}", 10)),
            WeightFormat::kSafetensors);
}

// Its first bytes are a length, and may be another format's mark.
TEST(WeightFormatOf, HeadersOfAnyLength) {
  EXPECT_EQ(*FormatOf(absl::string_view("PK\0\0\0\0\0\0{}", 10)),
            WeightFormat::kSafetensors);
  EXPECT_EQ(*FormatOf(absl::string_view("\x12\x01\0\0\0\0\0\0{}", 10)),
            WeightFormat::kSafetensors);
}

TEST(WeightFormatOf, Case64PyTorchIsNamedWithTheWayOut) {
  const auto torch =
      AllOf(HasSubstr(Path()), HasSubstr("a PyTorch file"),
            HasSubstr("torch.load(\"" + Path() + "\""),
            HasSubstr("safetensors.torch.save_file"), HasSubstr("--init"));
  EXPECT_THAT(ErrorOfZip({"archive/data.pkl", "archive/version"}), torch);
  EXPECT_THAT(ErrorOfZip({"resnet18/data.pkl", "resnet18/byteorder",
                          "resnet18/data/0", "resnet18/version"}),
              torch);
  // Before 1.6: the magic number, pickled.
  EXPECT_THAT(ErrorOf("\x80\x02\x8a\nl\xfc\x9c"
                      "F\xf9 j\xa8P\x19."),
              torch);
  EXPECT_THAT(ErrorOfZip({"m/data.pkl", "m/code/__torch__.py", "m/version"}),
              AllOf(HasSubstr("a TorchScript program"),
                    HasSubstr("torch.jit.load(\"" + Path() + "\"")));
}

TEST(WeightFormatOf, Case64KerasIsNamedWithTheWayOut) {
  EXPECT_THAT(ErrorOfZip({"metadata.json", "config.json", "model.weights.h5"}),
              AllOf(HasSubstr("a Keras model (.keras)"),
                    HasSubstr("scripts/keras_to_npz")));
  EXPECT_THAT(
      ErrorOf("\x89HDF\r\n\x1a\n and more"),
      AllOf(HasSubstr("an HDF5 file"), HasSubstr("scripts/keras_to_npz")));
}

TEST(WeightFormatOf, WhatElseItMayBe) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("an empty file"));
  EXPECT_THAT(ErrorOf("version https://git-lfs.github.com/spec/v1\noid"),
              HasSubstr("a git-lfs pointer"));
  EXPECT_THAT(ErrorOf("\xef\xbb\xbf \n<!DOCTYPE HTML><html>"),
              HasSubstr("an HTML page"));
  EXPECT_THAT(ErrorOf("<html><body>Access denied"), HasSubstr("an HTML page"));
  EXPECT_THAT(ErrorOf("<!-- moved --><html>"), HasSubstr("an HTML page"));
  EXPECT_THAT(ErrorOf("GIF89a"), HasSubstr("a GIF picture"));
  EXPECT_THAT(ErrorOf(std::string(257, 'a') + "ustar  "),
              HasSubstr("a tar archive"));
  EXPECT_THAT(ErrorOf("\x80\x04\x95 and more"), HasSubstr("a Python pickle"));
  EXPECT_THAT(ErrorOf("\x1f\x8b\x08 and more"),
              HasSubstr("a gzip file; unpack it first"));
  EXPECT_THAT(ErrorOf("\x93NUMPY and more"), HasSubstr("a single array"));
  EXPECT_THAT(ErrorOf("\x08\x07\x12\x07pytorch"), HasSubstr("an ONNX model"));
  EXPECT_THAT(ErrorOf(absl::string_view("\x08\x01\x12\x99\x01", 5)),
              HasSubstr("a TensorFlow graph"));
  EXPECT_THAT(ErrorOf("{\"nodes\": []}"), HasSubstr("a JSON text"));
  EXPECT_THAT(ErrorOfZip({"a.txt", "b", "c", "d"}),
              HasSubstr("it holds a.txt, b, c, ..."));
  EXPECT_THAT(ErrorOf("what is this"),
              HasSubstr("expected a weight file (safetensors, chainer's .npz "
                        "or MXNet's .params), found a file of no known kind"));
  EXPECT_THAT(WeightFormatOf("/no/such.npz").status().message(),
              HasSubstr("/no/such.npz"));
}

}  // namespace
}  // namespace fcis::model
