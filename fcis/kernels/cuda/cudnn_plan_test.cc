// Which engines cuDNN has for a GPU that is described to it. This needs no GPU,
// but graphs for which it compiles kernels need a driver; gradients do not.
#include "fcis/kernels/cuda/cudnn_plan.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "fcis/kernels/backend.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace cuda {
namespace {

// As cuDNN 9 writes a GPU's properties down: an H100.
constexpr absl::string_view kH100 = R"json({
  "cudaDeviceId": 0, "deviceName": "NVIDIA H100 80GB HBM3", "deviceVer": 900,
  "driverVer": 13000, "isTccDriver": 0, "l2CacheSize": 52428800,
  "maxBlockSize": [1024, 1024, 64], "maxCtasPerSM": 32,
  "maxGridSize": [2147483647, 65535, 65535], "maxRegistersPerSM": 65536,
  "maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": 232448,
  "maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048,
  "memClockRateKHz": 2619000, "multiProcessorCount": 132, "pciDeviceId": 9008,
  "regsPerBlock": 65536, "reservedSharedMemoryPerBlock": 1024,
  "smClockRateKHz": 1980000, "supportCoopLaunch": 1,
  "totalGlobalMem": 85029158912, "warpSize": 32})json";

// Convolutions of the network at 600x1000, and odd ones.
struct Layer {
  int height, width, in, out, kernel, stride, pad, dilation;
};
constexpr Layer kLayers[] = {
    {150, 250, 64, 64, 1, 1, 0, 1},   {150, 250, 64, 64, 3, 1, 1, 1},
    {150, 250, 256, 512, 1, 2, 0, 1}, {38, 63, 256, 256, 3, 1, 1, 1},
    {38, 63, 512, 512, 3, 1, 2, 2},   {38, 63, 2048, 1024, 1, 1, 0, 1},
    {38, 63, 1024, 512, 3, 1, 1, 1},  {38, 63, 512, 18, 1, 1, 0, 1},
    {38, 63, 1024, 392, 1, 1, 0, 1},  {600, 1000, 3, 64, 7, 2, 3, 1}};

ConvProblem ProblemOf(const Layer& layer, DType operand) {
  ConvProblem p;
  p.params.stride = layer.stride;
  p.params.pad = layer.pad;
  p.params.dilation = layer.dilation;
  p.weight = {layer.out, layer.in, layer.kernel, layer.kernel};
  p.x = {1, layer.height, layer.width, layer.in};
  p.y = *ops::InferConvShape(p.params, p.x, p.weight);
  p.operand = p.held = operand;
  return p;
}

class CudnnPlanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    h100_.Set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
              kH100.size(), kH100.data());
    const absl::Status known = h100_.Finalize("properties");
    if (!known.ok()) GTEST_SKIP() << "this cuDNN reads others: " << known;
  }

  void ExpectPlan(absl::StatusOr<ConvGraph> graph, bool fixed_order,
                  bool tensor_cores) {
    ASSERT_TRUE(graph.ok()) << graph.status();
    PlanChoice choice;
    choice.fixed_order = fixed_order;
    choice.tensor_cores = tensor_cores;
    const auto plan =
        CudnnPlan::Create({nullptr, &h100_}, *std::move(graph), choice);
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_LE((*plan)->workspace_bytes(), kMaxConvWorkspace);
  }

  GraphNode h100_ = GraphNode(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
};

TEST_F(CudnnPlanTest, AnH100HasEnginesForGradientsWithTheSameBitsEveryTime) {
  for (const DType operand : {DType::kBF16, DType::kF16}) {
    for (const Layer& layer : kLayers) {
      const ConvProblem problem = ProblemOf(layer, operand);
      SCOPED_TRACE(problem.x.ToString() + " with " + problem.weight.ToString());
      ExpectPlan(MakeGradientGraph(problem, kX), true, true);
      ExpectPlan(MakeGradientGraph(problem, kW), true, true);
    }
  }
}

// In TF32, and without tensor cores: all that DeviceConvs asks of f32.
TEST_F(CudnnPlanTest, AnH100HasEnginesForF32) {
  for (const bool tf32 : {true, false}) {
    for (const Layer& layer : kLayers) {
      ConvProblem problem = ProblemOf(layer, DType::kF32);
      SCOPED_TRACE(problem.x.ToString() + " with " + problem.weight.ToString());
      ExpectPlan(MakeGradientGraph(problem, kX), false, tf32);
      ExpectPlan(MakeGradientGraph(problem, kW), false, tf32);
      for (const bool relu : {false, true}) {
        problem.params.relu = relu;
        ExpectPlan(MakeFusedConvGraph(problem, DType::kF32, false), false,
                   tf32);
      }
    }
  }
}

}  // namespace
}  // namespace cuda
}  // namespace fcis::kernels
