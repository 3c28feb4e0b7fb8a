// The sums of one convolution at one size, forward and back, in f32 by cuDNN's
// calls with fixed algorithms.
#ifndef FCIS_KERNELS_CUDA_CUDNN_LEGACY_CONV_H_
#define FCIS_KERNELS_CUDA_CUDNN_LEGACY_CONV_H_

#include <cudnn.h>

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cuda/conv_problem.h"
#include "fcis/kernels/cuda/cuda_executor.h"

namespace fcis::kernels {
namespace cuda {

// More is not taken for a workspace: at the network's sizes the fast algorithms
// need less.
constexpr size_t kMaxConvWorkspace = size_t{512} << 20;

// Algorithms that sum products as they are (no FFT, no Winograd); of these the
// one that cuDNN expects to be fastest, those first that give the same bits
// every time. f32 operands are multiplied in f32, or, for tf32, in TF32 where
// the GPU can; those of 16 bits, which TF32 holds exactly, always so.
class CudnnLegacyConv {
 public:
  static absl::StatusOr<std::unique_ptr<CudnnLegacyConv>> Create(
      const ConvProblem& problem, bool tf32);
  ~CudnnLegacyConv();
  CudnnLegacyConv(const CudnnLegacyConv&) = delete;
  CudnnLegacyConv& operator=(const CudnnLegacyConv&) = delete;

  // As in body_conv.h.
  absl::Status Forward(cudnnHandle_t handle, CudaExecutor* executor,
                       const Tensor& x, const Tensor& w, Tensor* sum);
  absl::Status GradientOfX(cudnnHandle_t handle, CudaExecutor* executor,
                           const Tensor& w, const Tensor& gy, Tensor* gx);
  absl::Status GradientOfWeight(cudnnHandle_t handle, CudaExecutor* executor,
                                const Tensor& x, const Tensor& gy, Tensor* gw);

 private:
  template <typename Algorithm>
  struct Choice {
    Algorithm algorithm;
    size_t workspace;
  };

  explicit CudnnLegacyConv(const ConvProblem& problem) : problem_(problem) {}
  absl::Status Describe(bool tf32);
  // The first of `count` ranked choices that may be taken.
  template <typename Perf, typename Algorithm>
  absl::Status Choose(const Perf* ranked, int count,
                      absl::optional<Choice<Algorithm>>* choice) const;

  const ConvProblem problem_;
  cudnnTensorDescriptor_t x_ = nullptr, y_ = nullptr;
  cudnnFilterDescriptor_t w_ = nullptr;
  cudnnConvolutionDescriptor_t conv_ = nullptr;
  absl::optional<Choice<cudnnConvolutionFwdAlgo_t>> forward_;
  absl::optional<Choice<cudnnConvolutionBwdDataAlgo_t>> of_x_;
  absl::optional<Choice<cudnnConvolutionBwdFilterAlgo_t>> of_weight_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CUDNN_LEGACY_CONV_H_
