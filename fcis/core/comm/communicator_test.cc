#include "fcis/core/comm/communicator.h"

#include <vector>

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(CommunicatorTest, AJobOfOneWaitsForNobody) {
  const auto self = MakeSelfCommunicator();
  EXPECT_EQ(self->rank(), 0);
  EXPECT_EQ(self->size(), 1);
  EXPECT_TRUE(self->Barrier().ok());
  EXPECT_EQ(*self->Sum(7), 7);
  std::vector<float> values = {1, 2};
  const auto sums = self->MakeAllReduce();
  EXPECT_TRUE(sums->Start(values.data(), 2).ok());
  EXPECT_TRUE(sums->Progress().ok());
  EXPECT_TRUE(sums->Finish().ok());
  EXPECT_EQ(values, (std::vector<float>{1, 2}));
  std::vector<double> doubles = {3};
  EXPECT_TRUE(self->Sum(absl::MakeSpan(doubles)).ok());
  EXPECT_EQ(doubles[0], 3);
  EXPECT_EQ(*self->Broadcast("text"), "text");
}

}  // namespace
}  // namespace fcis
