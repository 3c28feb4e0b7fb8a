// Proposals of launches of every shape, and the walk that ends them.
#include "fcis/kernels/cuda/body_proposals.h"

#include <vector>

#include "fcis/core/geometry/anchors.h"
#include "fcis/core/geometry/box_rows.h"
#include "fcis/core/geometry/nms.h"
#include "fcis/kernels/cuda/overlap_walk.h"
#include "fcis/kernels/cuda/proposal_bodies.h"
#include "fcis/kernels/cuda/shaped_executor.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace cuda {
namespace {

// Another order than by index.
struct StrideOrder {
  static constexpr bool kAscending = false;
  int64_t n, end;
  int64_t operator()(int64_t i) const { return i < end ? i * 7 % n : -1; }
};

struct Ascending {
  static constexpr bool kAscending = true;
  int64_t operator()(int64_t i) const { return i; }
};

// Every bit of the matrix, or (`upper`) those after each row's own.
std::vector<uint64_t> OverlapsOf(absl::Span<const Box> boxes, float thresh,
                                 bool upper) {
  const int64_t n = boxes.size(), words = OverlapWords(n);
  std::vector<uint64_t> bits(n * words);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = upper ? i + 1 : 0; j < n; ++j) {
      if (IoU(boxes[j], boxes[i]) >= thresh) {
        bits[i * words + j / 64] |= uint64_t{1} << (j % 64);
      }
    }
  }
  return bits;
}

template <typename Order>
std::vector<int> Walk(const Order& order, int64_t n, int limit,
                      const std::vector<uint64_t>& overlaps) {
  std::vector<uint64_t> suppressed(OverlapWords(n), ~uint64_t{0});
  std::vector<int32_t> kept(n);
  kept.resize(WalkOverlaps(order, n, limit, overlaps.data(), suppressed.data(),
                           kept.data()));
  return std::vector<int>(kept.begin(), kept.end());
}

TEST(OverlapWalk, KeepsWhatNmsKeeps) {
  for (const int64_t n : {1, 63, 64, 65, 200}) {
    const Tensor rows = RandomRois("walk", n, 60, 60);
    const absl::Span<const Box> boxes = BoxesOfRows(rows);
    for (const int limit : {-1, 0, 1, 20}) {
      for (const int64_t end : {n, n / 2}) {
        const StrideOrder order = {n, end};
        std::vector<int> items;
        for (int64_t i = 0; i < end; ++i) items.push_back(order(i));
        EXPECT_EQ(Walk(order, n, limit, OverlapsOf(boxes, 0.2f, false)),
                  Nms(boxes, items, 0.2f, limit))
            << n << " " << limit << " " << end;
      }
      std::vector<int> all;
      for (int i = 0; i < n; ++i) all.push_back(i);
      EXPECT_EQ(Walk(Ascending(), n, limit, OverlapsOf(boxes, 0.2f, true)),
                Nms(boxes, all, 0.2f, limit))
          << n << " " << limit;
    }
  }
  EXPECT_TRUE(Walk(Ascending(), 0, -1, {}).empty());
}

TEST(BodyProposals, LikeHostAtAnyLaunchShape) {
  ProposeParams params;
  params.select = {6000, 300, 0.7f, 2};
  params.stride = 16;
  params.anchor_base = AnchorBase(16, {0.5f, 1.0f}, {1, 2});
  params.height = 100;
  params.width = 120;
  const Tensor scores = RandomTensor("scores", {1, 7, 9, 8});
  const Tensor deltas = RandomTensor("deltas", {1, 7, 9, 16});
  for (const LaunchShape& shape : kOddShapes) {
    ShapedExecutor executor(shape);
    BodyProposals<ShapedExecutor> proposals(&executor);
    for (const int post_nms : {-1, 0, 1, 30}) {
      params.select.post_nms = post_nms;
      const auto got = proposals.Propose(params, scores, deltas);
      ASSERT_TRUE(got.ok()) << got.status();
      EXPECT_EQ(*got, ProposeOnHost(params, scores, deltas)) << post_nms;
    }
  }
}

}  // namespace
}  // namespace cuda
}  // namespace fcis::kernels
