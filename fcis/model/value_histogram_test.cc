#include "fcis/model/value_histogram.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace fcis::model {
namespace {

TEST(ValueHistogram, OfNothingAndOfZeros) {
  ValueHistogram histogram;
  histogram.Add({});
  histogram.Add({0.0f, 0.0f});
  EXPECT_EQ(histogram.largest(), 0);
  EXPECT_EQ(histogram.BestClip(255).clip, 0);
  EXPECT_EQ(histogram.BestClip(255).error, 0);
}

// Equally many of each size: nothing is gained by cutting any off.
TEST(ValueHistogram, KeepsAllOfAnEvenSpread) {
  std::vector<float> values;
  for (int i = 1; i <= 100'000; ++i) values.push_back(static_cast<float>(i));
  ValueHistogram histogram;
  histogram.Add(values);
  const ValueHistogram::Clip clip = histogram.BestClip(255);
  EXPECT_GT(clip.clip, 99'000);
  // A step's uniform error, step / sqrt(12), by the mean square, 1 / sqrt(3).
  EXPECT_NEAR(clip.error, std::sqrt(1.0 / 12 * 3) / 255, 2e-4);
}

// One in 100,000 is 50 times as large as the rest.
TEST(ValueHistogram, CutsOffWhatIsRare) {
  std::vector<float> values(100'000);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = -std::sin(static_cast<float>(i));
  }
  values[500] = 50;
  ValueHistogram histogram;
  histogram.Add(values);
  EXPECT_EQ(histogram.largest(), 50);
  const ValueHistogram::Clip clip = histogram.BestClip(127);
  EXPECT_LT(clip.clip, 40);
  EXPECT_GE(clip.clip, 1);
}

TEST(ValueHistogram, DoesNotDependOnTheOrder) {
  std::vector<float> small, large;
  for (int i = 0; i < 5000; ++i) {
    small.push_back(std::sin(static_cast<float>(i)));
    large.push_back(40 * std::sin(static_cast<float>(i)));
  }
  ValueHistogram up, down;
  up.Add(small);
  up.Add(large);
  down.Add(large);
  down.Add(small);
  EXPECT_EQ(up.largest(), down.largest());
  EXPECT_NEAR(up.BestClip(255).clip, down.BestClip(255).clip,
              up.largest() / 100);
  EXPECT_NEAR(up.BestClip(255).error, down.BestClip(255).error, 1e-3);
}

}  // namespace
}  // namespace fcis::model
