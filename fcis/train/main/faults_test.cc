#include "fcis/train/main/faults.h"

#include "fcis/core/testing/fake_communicator.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

TEST(FaultsTest, ListsAllOfThem) {
  Faults faults;
  faults.Add(absl::OkStatus());
  EXPECT_TRUE(faults.empty());
  EXPECT_TRUE(faults.status("faults").ok());
  const absl::Status first = absl::NotFoundError("a.json: missing");
  faults.Add(first);
  EXPECT_EQ(faults.status("faults"), first);
  faults.Add(absl::InvalidArgumentError("2 pictures:\nb.jpg\nc.jpg"));
  EXPECT_EQ(faults.status("faults, found early").message(),
            "2 faults, found early:\n- a.json: missing\n- 2 pictures:\n"
            "  b.jpg\n  c.jpg");
}

// One of two processes; the other adds this to the sums.
class OneOfTwo : public FakeCommunicator {
 public:
  OneOfTwo(int rank, double first_failed, double failed)
      : FakeCommunicator(rank, 2), other_{first_failed, failed} {}
  using FakeCommunicator::Sum;
  absl::Status Sum(absl::Span<double> values) override {
    values[0] += other_[0];
    values[1] += other_[1];
    return absl::OkStatus();
  }
  absl::Status Barrier() override {
    ++waits;
    return absl::OkStatus();
  }
  int waits = 0;

 private:
  const double other_[2];
};

TEST(FaultsTest, ToldOnce) {
  const absl::Status fault = absl::NotFoundError("a.json: missing");
  OneOfTwo first(0, 0, 0), second(1, 0, 0);
  EXPECT_TRUE(ToldOnce(absl::OkStatus(), &first).ok());
  EXPECT_TRUE(ToldOnce(absl::OkStatus(), &second).ok());
  EXPECT_EQ(ToldOnce(fault, &first), fault);
  EXPECT_EQ(ToldOnce(fault, &second),
            absl::NotFoundError("rank 1: a.json: missing"));
  EXPECT_EQ(first.waits + second.waits, 0);
  // Rank 0 has told it.
  OneOfTwo second_of_failed(1, 1, 1);
  EXPECT_FALSE(ToldOnce(fault, &second_of_failed).ok());
  EXPECT_FALSE(ToldOnce(absl::OkStatus(), &second_of_failed).ok());
  EXPECT_EQ(second_of_failed.waits, 2);
  // Rank 1 tells it.
  OneOfTwo first_of_failed(0, 0, 1);
  EXPECT_FALSE(ToldOnce(absl::OkStatus(), &first_of_failed).ok());
  EXPECT_EQ(first_of_failed.waits, 1);
}

TEST(FaultsTest, AllAbandonBeforeOneReturns) {
  const absl::Status fault = absl::NotFoundError("a.json: missing");
  int abandoned = 0;
  OneOfTwo well(0, 0, 0);
  const auto abandon = [&] {
    EXPECT_EQ(well.waits, 0);
    ++abandoned;
  };
  EXPECT_TRUE(ToldOnce(absl::OkStatus(), &well, abandon).ok());
  EXPECT_EQ(abandoned, 0);
  OneOfTwo first_of_failed(0, 0, 1), second(1, 0, 0);
  EXPECT_FALSE(ToldOnce(absl::OkStatus(), &first_of_failed, abandon).ok());
  EXPECT_EQ(first_of_failed.waits, 2);
  EXPECT_FALSE(ToldOnce(fault, &second, abandon).ok());
  EXPECT_EQ(second.waits, 1);
  EXPECT_EQ(abandoned, 2);
}

}  // namespace
}  // namespace fcis::train
