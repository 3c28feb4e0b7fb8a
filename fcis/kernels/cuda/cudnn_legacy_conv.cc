#include "fcis/kernels/cuda/cudnn_legacy_conv.h"

#include <limits>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/bodies/extents.h"
#include "fcis/kernels/cuda/status.h"

namespace fcis::kernels {
namespace cuda {
namespace {

constexpr float kOne = 1, kZero = 0;

// Of what Describe has found to be small enough.
int Int(int64_t extent) { return static_cast<int>(extent); }

absl::Status Describe(const Shape& map, cudnnTensorDescriptor_t* descriptor) {
  RETURN_IF_ERROR(
      ToStatus(cudnnCreateTensorDescriptor(descriptor), "map descriptor"));
  return ToStatus(cudnnSetTensor4dDescriptor(*descriptor, CUDNN_TENSOR_NHWC,
                                             CUDNN_DATA_FLOAT, Int(map.dim(0)),
                                             Int(map.dim(3)), Int(map.dim(1)),
                                             Int(map.dim(2))),
                  "map descriptor");
}

bool SumsProducts(cudnnConvolutionFwdAlgo_t algorithm) {
  return algorithm == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM ||
         algorithm == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM ||
         algorithm == CUDNN_CONVOLUTION_FWD_ALGO_GEMM ||
         algorithm == CUDNN_CONVOLUTION_FWD_ALGO_DIRECT;
}
bool SumsProducts(cudnnConvolutionBwdDataAlgo_t algorithm) {
  return algorithm == CUDNN_CONVOLUTION_BWD_DATA_ALGO_0 ||
         algorithm == CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;
}
bool SumsProducts(cudnnConvolutionBwdFilterAlgo_t algorithm) {
  return algorithm == CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0 ||
         algorithm == CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1 ||
         algorithm == CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3;
}

absl::StatusOr<Tensor> Workspace(CudaExecutor* executor, size_t bytes) {
  return executor->Allocate({static_cast<int64_t>(bytes)}, DType::kU8);
}

}  // namespace

absl::StatusOr<std::unique_ptr<CudnnLegacyConv>> CudnnLegacyConv::Create(
    const ConvProblem& problem, bool tf32) {
  auto conv = absl::WrapUnique(new CudnnLegacyConv(problem));
  RETURN_IF_ERROR(conv->Describe(tf32));
  return conv;
}

CudnnLegacyConv::~CudnnLegacyConv() {
  if (x_ != nullptr) cudnnDestroyTensorDescriptor(x_);
  if (y_ != nullptr) cudnnDestroyTensorDescriptor(y_);
  if (w_ != nullptr) cudnnDestroyFilterDescriptor(w_);
  if (conv_ != nullptr) cudnnDestroyConvolutionDescriptor(conv_);
}

absl::Status CudnnLegacyConv::Describe(bool tf32) {
  constexpr char kDescriptor[] = "descriptors of a convolution";
  const ConvParams& p = problem_.params;
  const Shape& w = problem_.weight;
  for (const Shape* s : {&problem_.x, &problem_.y, &w}) {
    RETURN_IF_ERROR(CheckCount(s->num_elements(),
                               std::numeric_limits<int>::max(),
                               "elements in a convolution's map"));
  }
  RETURN_IF_ERROR(cuda::Describe(problem_.x, &x_));
  RETURN_IF_ERROR(cuda::Describe(problem_.y, &y_));
  RETURN_IF_ERROR(ToStatus(cudnnCreateFilterDescriptor(&w_), kDescriptor));
  RETURN_IF_ERROR(ToStatus(
      cudnnSetFilter4dDescriptor(w_, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC,
                                 Int(w.dim(0)), Int(w.dim(1)), Int(w.dim(2)),
                                 Int(w.dim(3))),
      kDescriptor));
  RETURN_IF_ERROR(
      ToStatus(cudnnCreateConvolutionDescriptor(&conv_), kDescriptor));
  RETURN_IF_ERROR(
      ToStatus(cudnnSetConvolution2dDescriptor(
                   conv_, p.pad, p.pad, p.stride, p.stride, p.dilation,
                   p.dilation, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
               kDescriptor));
  const bool exact_in_tf32 = problem_.operand != DType::kF32;
  return ToStatus(
      cudnnSetConvolutionMathType(
          conv_, tf32 || exact_in_tf32 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH),
      kDescriptor);
}

template <typename Perf, typename Algorithm>
absl::Status CudnnLegacyConv::Choose(
    const Perf* ranked, int count,
    absl::optional<Choice<Algorithm>>* choice) const {
  for (const bool repeats : {true, false}) {
    for (int i = 0; i < count; ++i) {
      const Perf& perf = ranked[i];
      if (perf.status != CUDNN_STATUS_SUCCESS || !SumsProducts(perf.algo) ||
          perf.memory > kMaxConvWorkspace ||
          (repeats && perf.determinism != CUDNN_DETERMINISTIC)) {
        continue;
      }
      *choice = Choice<Algorithm>{perf.algo, perf.memory};
      return absl::OkStatus();
    }
  }
  return absl::InternalError(absl::StrCat(
      "cuDNN has no algorithm for a convolution of ", problem_.x.ToString(),
      " with ", problem_.weight.ToString()));
}

absl::Status CudnnLegacyConv::Forward(cudnnHandle_t handle,
                                      CudaExecutor* executor, const Tensor& x,
                                      const Tensor& w, Tensor* sum) {
  if (!forward_) {
    cudnnConvolutionFwdAlgoPerf_t ranked[CUDNN_CONVOLUTION_FWD_ALGO_COUNT];
    int count = 0;
    RETURN_IF_ERROR(ToStatus(
        cudnnGetConvolutionForwardAlgorithm_v7(handle, x_, w_, conv_, y_,
                                               CUDNN_CONVOLUTION_FWD_ALGO_COUNT,
                                               &count, ranked),
        "choice of an algorithm"));
    RETURN_IF_ERROR(Choose(ranked, count, &forward_));
  }
  ASSIGN_OR_RETURN(Tensor workspace, Workspace(executor, forward_->workspace));
  return ToStatus(cudnnConvolutionForward(
                      handle, &kOne, x_, x.raw(), w_, w.raw(), conv_,
                      forward_->algorithm, workspace.mutable_raw(),
                      forward_->workspace, &kZero, y_, sum->mutable_raw()),
                  "convolution");
}

absl::Status CudnnLegacyConv::GradientOfX(cudnnHandle_t handle,
                                          CudaExecutor* executor,
                                          const Tensor& w, const Tensor& gy,
                                          Tensor* gx) {
  if (!of_x_) {
    constexpr int kMost = CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT;
    cudnnConvolutionBwdDataAlgoPerf_t ranked[kMost];
    int count = 0;
    RETURN_IF_ERROR(
        ToStatus(cudnnGetConvolutionBackwardDataAlgorithm_v7(
                     handle, w_, y_, conv_, x_, kMost, &count, ranked),
                 "choice of an algorithm"));
    RETURN_IF_ERROR(Choose(ranked, count, &of_x_));
  }
  ASSIGN_OR_RETURN(Tensor workspace, Workspace(executor, of_x_->workspace));
  return ToStatus(cudnnConvolutionBackwardData(
                      handle, &kOne, w_, w.raw(), y_, gy.raw(), conv_,
                      of_x_->algorithm, workspace.mutable_raw(),
                      of_x_->workspace, &kZero, x_, gx->mutable_raw()),
                  "gradient of a convolution's input");
}

absl::Status CudnnLegacyConv::GradientOfWeight(cudnnHandle_t handle,
                                               CudaExecutor* executor,
                                               const Tensor& x,
                                               const Tensor& gy, Tensor* gw) {
  if (!of_weight_) {
    constexpr int kMost = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT;
    cudnnConvolutionBwdFilterAlgoPerf_t ranked[kMost];
    int count = 0;
    RETURN_IF_ERROR(
        ToStatus(cudnnGetConvolutionBackwardFilterAlgorithm_v7(
                     handle, x_, y_, conv_, w_, kMost, &count, ranked),
                 "choice of an algorithm"));
    RETURN_IF_ERROR(Choose(ranked, count, &of_weight_));
  }
  ASSIGN_OR_RETURN(Tensor workspace,
                   Workspace(executor, of_weight_->workspace));
  return ToStatus(cudnnConvolutionBackwardFilter(
                      handle, &kOne, x_, x.raw(), y_, gy.raw(), conv_,
                      of_weight_->algorithm, workspace.mutable_raw(),
                      of_weight_->workspace, &kZero, w_, gw->mutable_raw()),
                  "gradient of a convolution's weights");
}

}  // namespace cuda
}  // namespace fcis::kernels
