// Speed of PSROI pooling with the score maps of 81 classes of a 600 x 800
// picture, for RoIs of a given side in pixels, on all cores.
//
//   bazel run //fcis/kernels/cpu:psroi_benchmark
#include <memory>

#include "benchmark/benchmark.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/geometry/box.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/kernels/testing/backends.h"

namespace fcis::kernels {
namespace {

constexpr int kClasses = 81, kHeight = 600, kWidth = 800;

// Squares around random centres, clipped to the picture.
Tensor Squares(int64_t count, float side) {
  Tensor rois = RandomTensor("rois", Shape{count, 4});
  float* roi = rois.mutable_data<float>();
  for (int64_t r = 0; r < count; ++r, roi += 4) {
    const float x = (roi[0] + 1) / 2 * kWidth, y = (roi[1] + 1) / 2 * kHeight;
    const Box box =
        ClipBox({x - side / 2, y - side / 2, x + side / 2, y + side / 2},
                kWidth, kHeight);
    roi[0] = box.x0;
    roi[1] = box.y0;
    roi[2] = box.x1;
    roi[3] = box.y1;
  }
  return rois;
}

struct Inputs {
  explicit Inputs(const benchmark::State& state, int depth)
      : backend(MakeTestBackend("cpu")),
        maps(RandomTensor("maps", Shape{38, 50, 49 * depth})),
        rois(Squares(state.range(0), static_cast<float>(state.range(1)))),
        classes(Shape{state.range(0)}, DType::kI32) {
    for (int64_t r = 0; r < state.range(0); ++r) {
      classes.mutable_data<int32_t>()[r] =
          static_cast<int32_t>(r * r % kClasses);
    }
  }

  const std::unique_ptr<Backend> backend;
  const PsroiParams params;
  const Tensor maps, rois;
  Tensor classes;
};

void Pool(benchmark::State& state, PsroiForm form, int depth) {
  const Inputs in(state, depth);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        ops::Psroi(*in.backend, form, in.params, in.maps, in.rois, in.classes)
            .value());
  }
}

void BM_ClassScores(benchmark::State& state) {
  Pool(state, PsroiForm::kClassScores, 2 * kClasses);
}

void BM_ClassPair(benchmark::State& state) {
  Pool(state, PsroiForm::kClassPair, 2 * kClasses);
}

void BM_BoxMean(benchmark::State& state) { Pool(state, PsroiForm::kMean, 8); }

void RoiCounts(benchmark::internal::Benchmark* b) {
  b->ArgNames({"rois", "side"});
  for (const int rois : {300, 600}) {
    for (const int side : {60, 200, 1600}) b->Args({rois, side});
  }
  b->Unit(benchmark::kMillisecond)->UseRealTime();
}

BENCHMARK(BM_ClassScores)->Apply(RoiCounts);
BENCHMARK(BM_ClassPair)->Apply(RoiCounts);
BENCHMARK(BM_BoxMean)->Apply(RoiCounts);

}  // namespace
}  // namespace fcis::kernels

int main(int argc, char** argv) {
  fcis::SetNumThreads(0);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
