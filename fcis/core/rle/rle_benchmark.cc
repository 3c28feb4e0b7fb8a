// Speed of the mask codec on blobs as a detector finds them, one thread.
//
//   bazel run //fcis/core/rle:rle_benchmark
#include <cmath>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/core/rle/rle_iou.h"
#include "fcis/core/rle/rle_polygon.h"
#include "fcis/core/rle/rle_string.h"

namespace fcis {
namespace {

constexpr int kHeight = 480, kWidth = 640;

// A star with wavy edges, `radius` pixels, around the middle of the picture.
std::vector<double> Star(double radius, int vertices) {
  std::vector<double> xy;
  for (int i = 0; i < vertices; ++i) {
    const double angle = 2 * M_PI * i / vertices;
    const double r = radius * (1 + .2 * std::sin(7 * angle));
    xy.push_back(kWidth / 2 + r * std::cos(angle));
    xy.push_back(kHeight / 2 + r * std::sin(angle));
  }
  return xy;
}

Rle StarMask(double radius) {
  return PolygonToRle(Star(radius, 200), kHeight, kWidth).value();
}

void CountRuns(benchmark::State& state, size_t runs) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(runs));
}

void BM_ParseCounts(benchmark::State& state) {
  const Rle rle = StarMask(static_cast<double>(state.range(0)));
  const std::string text = RleCountsToString(rle.counts);
  std::vector<uint32_t> counts;
  RunSums sums;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        ParseRleCounts(kHeight, kWidth, text, counts, &sums));
  }
  CountRuns(state, rle.counts.size());
}
BENCHMARK(BM_ParseCounts)->Arg(30)->Arg(100);

void BM_CountsToString(benchmark::State& state) {
  const Rle rle = StarMask(static_cast<double>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(RleCountsToString(rle.counts));
  }
  CountRuns(state, rle.counts.size());
}
BENCHMARK(BM_CountsToString)->Arg(100);

void BM_ToBbox(benchmark::State& state) {
  const Rle rle = StarMask(static_cast<double>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(RleToBbox(rle));
  CountRuns(state, rle.counts.size());
}
BENCHMARK(BM_ToBbox)->Arg(100);

void BM_MaskIou(benchmark::State& state) {
  const Rle a = StarMask(100), b = StarMask(90);
  const XywhBox box_a = RleToBbox(a), box_b = RleToBbox(b);
  for (auto _ : state) {
    benchmark::DoNotOptimize(MaskIou(a, box_a, b, box_b, false));
  }
  CountRuns(state, a.counts.size() + b.counts.size());
}
BENCHMARK(BM_MaskIou);

// Items are vertices.
void BM_Polygon(benchmark::State& state) {
  const std::vector<double> xy = Star(100, static_cast<int>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(PolygonToRle(xy, kHeight, kWidth));
  }
  CountRuns(state, xy.size() / 2);
}
BENCHMARK(BM_Polygon)->Arg(30)->Arg(300);

struct Pixels {
  explicit Pixels(const Rle& rle) : mask(kHeight * kWidth) {
    DecodeRowMajor(rle, absl::MakeSpan(mask)).IgnoreError();
  }
  std::vector<uint8_t> mask;
};

void BM_EncodeRowMajor(benchmark::State& state) {
  const Pixels pixels(StarMask(100));
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        EncodeRowMajor(pixels.mask.data(), kHeight, kWidth));
  }
  state.SetBytesProcessed(state.iterations() * kHeight * kWidth);
}
BENCHMARK(BM_EncodeRowMajor);

void BM_DecodeRowMajor(benchmark::State& state) {
  const Rle rle = StarMask(100);
  Pixels pixels(rle);
  for (auto _ : state) {
    benchmark::DoNotOptimize(DecodeRowMajor(rle, absl::MakeSpan(pixels.mask)));
  }
  state.SetBytesProcessed(state.iterations() * kHeight * kWidth);
}
BENCHMARK(BM_DecodeRowMajor);

}  // namespace
}  // namespace fcis

BENCHMARK_MAIN();
