// Speed of the network's convolutions on a 600 x 800 picture, one layer of each
// kind: seconds and GFLOP/s, on all cores (taskset to use fewer). Those of
// "winograd" count the products of direct sums, for comparison.
//
//   bazel run //fcis/kernels/cpu:conv_benchmark -- --benchmark_filter=res4
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/kernels/testing/backends.h"

namespace fcis::kernels {
namespace {

struct Layer {
  const char* name;
  Shape x, weight;
  int stride, pad, dilation;
  bool residual;
};

const Layer kLayers[] = {
    {"stem", {1, 600, 800, 3}, {64, 3, 7, 7}, 2, 3, 1, false},
    {"res2/reduce", {1, 150, 200, 256}, {64, 256, 1, 1}, 1, 0, 1, false},
    {"res2/3x3", {1, 150, 200, 64}, {64, 64, 3, 3}, 1, 1, 1, false},
    {"res2/expand", {1, 150, 200, 64}, {256, 64, 1, 1}, 1, 0, 1, true},
    {"res3/projection", {1, 150, 200, 256}, {512, 256, 1, 1}, 2, 0, 1, false},
    {"res3/reduce", {1, 75, 100, 512}, {128, 512, 1, 1}, 1, 0, 1, false},
    {"res3/3x3", {1, 75, 100, 128}, {128, 128, 3, 3}, 1, 1, 1, false},
    {"res3/expand", {1, 75, 100, 128}, {512, 128, 1, 1}, 1, 0, 1, true},
    {"res4/projection", {1, 75, 100, 512}, {1024, 512, 1, 1}, 2, 0, 1, false},
    {"res4/reduce", {1, 38, 50, 1024}, {256, 1024, 1, 1}, 1, 0, 1, false},
    {"res4/3x3", {1, 38, 50, 256}, {256, 256, 3, 3}, 1, 1, 1, false},
    {"res4/expand", {1, 38, 50, 256}, {1024, 256, 1, 1}, 1, 0, 1, true},
    {"res5/projection", {1, 38, 50, 1024}, {2048, 1024, 1, 1}, 1, 0, 1, false},
    {"res5/reduce", {1, 38, 50, 2048}, {512, 2048, 1, 1}, 1, 0, 1, false},
    {"res5/3x3", {1, 38, 50, 512}, {512, 512, 3, 3}, 1, 2, 2, false},
    {"res5/expand", {1, 38, 50, 512}, {2048, 512, 1, 1}, 1, 0, 1, true},
    {"rpn/3x3", {1, 38, 50, 1024}, {512, 1024, 3, 3}, 1, 1, 1, false},
    {"head/reduce", {1, 38, 50, 2048}, {1024, 2048, 1, 1}, 1, 0, 1, false},
    {"head/maps", {1, 38, 50, 1024}, {7938, 1024, 1, 1}, 1, 0, 1, false},
};

struct Way {
  const char* name;
  Precision precision;
  ConvAlgorithm algorithm;
};

void BM_Conv(benchmark::State& state, const Layer& layer, const Way& way) {
  auto backend = MakeBackend("cpu", way.precision, way.algorithm);
  if (!backend.ok()) {
    state.SkipWithError(std::string(backend.status().message()).c_str());
    return;
  }
  ConvParams params;
  params.stride = layer.stride;
  params.pad = layer.pad;
  params.dilation = layer.dilation;
  params.relu = true;
  const auto conv =
      ops::PrepareConv(**backend, params, RandomTensor("w", layer.weight),
                       RandomTensor("b", Shape{layer.weight.dim(0)}))
          .value();
  const DType type = (*backend)->activation_type();
  const Tensor x = RandomTensor("x", layer.x, type);
  Tensor y = ops::Conv(**backend, *conv, x).value();
  for (auto _ : state) {
    y = layer.residual ? ops::Conv(**backend, *conv, x, std::move(y)).value()
                       : ops::Conv(**backend, *conv, x).value();
  }
  const double products = static_cast<double>(y.num_elements()) *
                          layer.weight.num_elements() / layer.weight.dim(0);
  state.counters["FLOP/s"] = benchmark::Counter(
      2 * products, benchmark::Counter::kIsIterationInvariantRate);
}

void RegisterAll() {
  for (const Layer& layer : kLayers) {
    std::vector<Way> ways = {
        {"f32", Precision::kF32, ConvAlgorithm::kDirect},
        {"bf16", Precision::kBF16, ConvAlgorithm::kDirect}};
    if (layer.weight.dim(2) == 3) {
      ways.push_back({"winograd", Precision::kF32, ConvAlgorithm::kWinograd});
      ways.push_back(
          {"bf16_winograd", Precision::kBF16, ConvAlgorithm::kWinograd});
    }
    for (const Way& way : ways) {
      benchmark::RegisterBenchmark(
          (std::string(layer.name) + "/" + way.name).c_str(), BM_Conv, layer,
          way)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    }
  }
}

}  // namespace
}  // namespace fcis::kernels

int main(int argc, char** argv) {
  fcis::SetNumThreads(0);
  fcis::kernels::RegisterAll();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
