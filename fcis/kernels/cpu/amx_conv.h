// Convolutions on AMX, in bf16 or int8, N,H,W,C: rows of tiles are read from
// the map as it stands (from a padded copy of some rows where the kernel is
// larger than 1x1), and sums, bias, residual, ReLU and rounding are one pass.
#ifndef FCIS_KERNELS_CPU_AMX_CONV_H_
#define FCIS_KERNELS_CPU_AMX_CONV_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "fcis/core/tensor/block_cache.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/int8_conv.h"

namespace fcis::kernels {

// A convolution of weights that are set once. Sums are in f32 (bf16) or whole
// numbers (8 bits), each output's in the same order for any number of threads
// and any part of a map. Thread-safe.
class AmxConv {
 public:
  // multiplied: of x, kBF16, kU8 or kI8.
  static bool Fits(const ConvParams& params, const Shape& weight,
                   DType multiplied);

  // Whether it is faster than oneDNN 2.6. In 8 bits it is; in bf16 for kernels
  // so small that storing takes longer than multiplying. Measured on the layers
  // of preset photos at 576x768, one thread, of a Xeon: stem with its pool 5.8
  // to 3.6 ms, res2 8.1 to 4.3; but the RPN's 3x3 2.4 to 3.2, res5 12.1
  // to 12.6.
  static bool Pays(const Shape& weight, DType multiplied);

  // They fit. weight: [O,I,KH,KW], f32, which is rounded, or i8.
  // factors: empty, or one per output.
  AmxConv(const ConvParams& params, DType multiplied, const Tensor& weight,
          absl::Span<const float> bias, absl::Span<const float> factors,
          float residual_factor);

  // x: of the type that is multiplied, or f32 for bf16; y: rows as those of x
  // and the pads make. residual: null, or a map like y, which it may be.
  void Run(const Tensor& x, const RowPads& pads, const Tensor* residual,
           Tensor* y) const;

 private:
  // How a kernel is cut into steps: runs of consecutive elements, one for each
  // row of the kernel, or for each of its elements.
  struct Cut {
    bool by_rows;
    int64_t run, runs;  // elements of one, their number
    int64_t steps_per_run, step_bytes;
  };
  static absl::optional<Cut> CutOf(const ConvParams& params,
                                   const Shape& weight, DType multiplied);
  // What Run was asked for. Maps of 1x1 kernels are taken for a single row.
  struct Maps {
    const Tensor& x;
    RowPads pads;
    const Tensor* residual;
    Tensor* y;
    bool copied;            // rows of x, padded
    int64_t row_bytes;      // of x, or of the copy
    int64_t height, width;  // of y
  };
  // Outputs of one picture, on one thread: some rows, or some pixels of one.
  struct Share {
    int64_t picture, row, rows, pixel, width;
  };

  void Pack(const Tensor& weight);
  // Bytes from a pixel's first element to what each step multiplies.
  RecycledVector<int64_t> StepsFor(int64_t row_bytes) const;
  void RunShare(const Maps& maps, const Share& share,
                absl::Span<const int64_t> steps) const;
  void CopyRows(const Maps& maps, const Share& share, int64_t rows,
                char* to) const;

  const ConvParams params_;
  const DType multiplied_;
  const Shape shape_;
  const Cut cut_;
  Tensor weights_;
  std::vector<float> bias_, factors_;  // of whole tiles
  const float residual_factor_;
};

// As ConvEngine::Prepare in bf16 and Backend::PrepareInt8Conv, of what fits.
std::unique_ptr<Convolution> PrepareAmxConv(const ConvParams& params,
                                            const Tensor& weight,
                                            const Tensor& bias);
std::unique_ptr<Int8Convolution> PrepareAmxInt8Conv(
    const Int8ConvParams& params, const Int8Weights& weights);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_AMX_CONV_H_
