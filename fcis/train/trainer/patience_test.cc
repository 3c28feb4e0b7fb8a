#include "fcis/train/trainer/patience.h"

#include <filesystem>

#include "fcis/core/io/file.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

class PatienceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run_ = ::testing::TempDir() + "/patience";
    std::filesystem::remove_all(run_);
    std::filesystem::create_directories(run_);
    schedule_.set_patience(2);
    schedule_.set_warmup_iterations(20);
  }
  void Best(const std::string& text) const {
    ASSERT_TRUE(WriteFileAtomic(run_ + "/best.json", text).ok());
  }
  bool Spent() const { return *PatienceIsSpent(run_, schedule_); }
  int64_t Exported() const {
    const auto best = *BestToExport(run_, schedule_);
    return best.has_value() ? best->iteration : -1;
  }

  std::string run_;
  ScheduleConfig schedule_;
};

TEST_F(PatienceTest, CountsValidationsInARow) {
  EXPECT_FALSE(Spent());  // None was made yet.
  EXPECT_EQ(Exported(), -1);
  Best(R"({"iteration": 30, "ap": 0.2})");
  EXPECT_FALSE(Spent());
  EXPECT_EQ(Exported(), 30);
  Best(R"({"iteration": 30, "ap": 0.2, "without_improvement": [40]})");
  EXPECT_FALSE(Spent());
  Best(R"({"iteration": 30, "ap": 0.2, "without_improvement": [40, 50]})");
  EXPECT_TRUE(Spent());
  EXPECT_EQ(Exported(), 30);
  schedule_.set_patience(3);
  EXPECT_FALSE(Spent());
  schedule_.set_patience(0);
  EXPECT_FALSE(Spent());
  EXPECT_EQ(Exported(), -1);
}

TEST_F(PatienceTest, NotThoseOfTheWarmUp) {
  Best(R"({"iteration": 5, "ap": 0.2, "without_improvement": [10, 20, 30]})");
  EXPECT_FALSE(Spent());
  Best(R"({"iteration": 5, "ap": 0.2, "without_improvement": [20, 30, 40]})");
  EXPECT_TRUE(Spent());
}

TEST_F(PatienceTest, NotBeforeSomethingIsLearned) {
  Best(R"({"iteration": 30, "ap": 0.04, "without_improvement": [40, 50, 60]})");
  EXPECT_FALSE(Spent());
  EXPECT_EQ(Exported(), 30);
  Best(R"({"iteration": 30, "ap": 0.05, "without_improvement": [40, 50, 60]})");
  EXPECT_TRUE(Spent());
}

// Nor is a model that finds nothing better than a later one.
TEST_F(PatienceTest, NotBeforeSomethingIsFound) {
  for (const char* ap : {"0", "-1"}) {
    Best(std::string(R"({"iteration": 30, "ap": )") + ap +
         R"(, "without_improvement": [40, 50, 60]})");
    EXPECT_FALSE(Spent());
    EXPECT_EQ(Exported(), -1);
  }
}

TEST_F(PatienceTest, ADamagedRecordIsAnError) {
  Best(R"({"iteration": 30, "ap": 0.2, "without_improvement": ["x"]})");
  EXPECT_FALSE(PatienceIsSpent(run_, schedule_).ok());
  EXPECT_FALSE(BestToExport(run_, schedule_).ok());
}

}  // namespace
}  // namespace fcis::train
