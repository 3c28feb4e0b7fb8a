#include "fcis/kernels/bodies/launch.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

struct CountBody {
  std::vector<int>* visits;
  void operator()(int64_t i) const { ++visits->at(i); }
};

TEST(LaunchTest, EveryIndexOnceForAnyShape) {
  for (const int64_t blocks : {1, 2, 7}) {
    for (const int threads : {1, 3, 32, 256}) {
      for (const int64_t count : {0, 1, 2, 31, 32, 33, 255, 256, 1793}) {
        std::vector<int> visits(count);
        LaunchShape shape;
        shape.blocks = blocks;
        shape.threads = threads;
        for (int64_t block = 0; block < blocks; ++block) {
          for (int thread = 0; thread < threads; ++thread) {
            RunThread(CountBody{&visits}, count, shape, block, thread);
          }
        }
        EXPECT_EQ(std::count(visits.begin(), visits.end(), 1), count)
            << blocks << " x " << threads;
      }
    }
  }
}

TEST(LaunchTest, ShapesCoverTheirIndicesAndStayInRange) {
  EXPECT_EQ(ShapeFor(0).blocks, 0);
  EXPECT_EQ(ShapeFor(1).blocks, 1);
  EXPECT_EQ(ShapeFor(256).blocks, 1);
  EXPECT_EQ(ShapeFor(257).blocks, 2);
  EXPECT_EQ(ShapeFor(int64_t{1} << 40).blocks, kMaxBlocks);
}

struct LastBody {
  int64_t* last;
  void operator()(int64_t i) const { *last = i; }
};

// One thread of a launch with more indices than an int holds.
TEST(LaunchTest, IndicesPass31Bits) {
  const int64_t count = (int64_t{1} << 33) + 5;
  LaunchShape shape = ShapeFor(count);
  shape.threads = 1024;
  int64_t last = -1;
  const int64_t stride = shape.blocks * shape.threads;
  const int64_t at = (count - 1) % stride;
  RunThread(LastBody{&last}, count, shape, at / shape.threads,
            static_cast<int>(at % shape.threads));
  EXPECT_EQ(last, count - 1);
}

}  // namespace
}  // namespace fcis::kernels
