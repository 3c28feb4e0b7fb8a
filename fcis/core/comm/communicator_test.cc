#include "fcis/core/comm/communicator.h"

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(CommunicatorTest, AJobOfOneWaitsForNobody) {
  const auto self = MakeSelfCommunicator();
  EXPECT_EQ(self->rank(), 0);
  EXPECT_EQ(self->size(), 1);
  EXPECT_TRUE(self->Barrier().ok());
  EXPECT_EQ(*self->Sum(7), 7);
}

}  // namespace
}  // namespace fcis
