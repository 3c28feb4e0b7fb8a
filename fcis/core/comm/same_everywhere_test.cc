#include "fcis/core/comm/same_everywhere.h"

#include <string>

#include "fcis/core/testing/fake_communicator.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

// Rank 2 of 4 processes, beside what the others say.
class RankTwo : public FakeCommunicator {
 public:
  RankTwo() : FakeCommunicator(2, 4) {}

  using FakeCommunicator::Sum;
  absl::StatusOr<std::string> Broadcast(std::string mine) override {
    return of_rank_zero.empty() ? mine : of_rank_zero;
  }
  absl::Status Sum(absl::Span<double> values) override {
    // Of two parts each; rank 3 differs in the second.
    values[7] += rank_three_differs ? 1 : 0;
    return absl::OkStatus();
  }

  std::string of_rank_zero;
  bool rank_three_differs = false;
};

TEST(SameEverywhereTest, NamesRanksAndParts) {
  RankTwo job;
  const std::vector<NamedBytes> parts = {{"recipe", "a"}, {"weights", "b"}};
  EXPECT_TRUE(CheckSameEverywhere(parts, &job).ok());
  job.rank_three_differs = true;
  EXPECT_EQ(CheckSameEverywhere(parts, &job).message(),
            "rank 3 differs from rank 0 in weights");
  job.of_rank_zero = "1 2";
  EXPECT_EQ(CheckSameEverywhere(parts, &job).message(),
            "rank 2 differs from rank 0 in recipe, weights; rank 3 differs "
            "from rank 0 in weights");
}

}  // namespace
}  // namespace fcis
