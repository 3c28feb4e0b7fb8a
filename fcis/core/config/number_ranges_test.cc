#include "fcis/core/config/number_ranges.h"

#include <limits>

#include "fcis/core/config/fcis.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::HasSubstr;

constexpr double kInf = std::numeric_limits<double>::infinity();

std::string Error(const ModelConfig& config) {
  return std::string(CheckNumbers(config).message());
}

TEST(CheckNumbers, BothBoundsBelongToTheRange) {
  ModelConfig c;
  EXPECT_EQ(Error(c), "");
  for (const int size : {1, 16384}) {
    c.mutable_input()->set_min_size(size);
    EXPECT_EQ(Error(c), "");
  }
  c.mutable_input()->set_min_size(0);
  EXPECT_EQ(Error(c), "input.min_size is 0, expected 1 to 16384");
  c.mutable_input()->set_min_size(16385);
  EXPECT_EQ(Error(c), "input.min_size is 16385, expected 1 to 16384");
}

TEST(CheckNumbers, ListsAndSubmessages) {
  ModelConfig c;
  c.mutable_rpn()->add_scales(8);
  c.mutable_rpn()->add_scales(std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(Error(c), "rpn.scales[1] is nan, expected 0.001 to 1024");
  c.clear_rpn();
  c.mutable_scoring()->set_nms_thresh(-kInf);
  EXPECT_EQ(Error(c), "scoring.nms_thresh is -inf, expected 0 to 1");
  // What was found has all its digits.
  c.mutable_scoring()->set_nms_thresh(1.000000001);
  EXPECT_EQ(Error(c), "scoring.nms_thresh is 1.000000001, expected 0 to 1");
}

TEST(CheckNumbers, AnyValueOrNoRange) {
  ModelConfig c;
  c.add_classes()->set_category_id(std::numeric_limits<int64_t>::min());
  EXPECT_EQ(Error(c), "");
  google::protobuf::DescriptorProto_ExtensionRange other;
  other.set_start(1);
  const absl::Status status = CheckNumbers(other);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(status.message(), HasSubstr("ExtensionRange.start"));
}

}  // namespace
}  // namespace fcis
