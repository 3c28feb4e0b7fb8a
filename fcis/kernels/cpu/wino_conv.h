// 3x3 convolutions by Winograd's algorithm F(4x4, 3x3) (Lavin and Gray, 2016):
// a quarter of the products. Dilated kernels run over the
// d * d interleaved pictures that their pixels fall into.
//
// Maps in f32 are multiplied in f32. With u = 2^-24, for an output that sums
// over C channels,
//   |y - exact| <= (C + 40) u (sum_c |A^T| (|G||g||G^T| * |B^T||d||B|) |A|
//                              + |bias|),
// the absolute values being those of the elements, d a 6x6 tile of x and g a
// kernel; hence (C + 40) u 176 (max|x| sum|w| + |bias|), in the worst case. Of
// random operands the root of the mean square is at most 2.5 times that of
// direct sums in f32, and the largest error at most 4 times theirs.
//
// Maps in bf16 are transformed in f32 and multiplied as whole numbers of 16
// bits, that no sum can overflow: bf16, which has 8, would make five times the
// error of direct sums of F(4x4, 3x3) and twice of F(2x2, 3x3). Of each plane
// and block of kWinoNarrowDepth channels, with V = B^T d B and U = G g G^T,
// |V| and |U| the roots of the sums of their squares,
//   |y - exact| <= sum_blocks |A^T| e |A| + 2^-8 |y| + the bound of f32,
//   e = sum_c (|V| |U_c| / 65000 + |U|' |V_c| / 130000 + |V| |U|' / 8e9),
//   |U|' = max(|U|, 2 max_c |U_c|).
// Of random operands the root of the mean square is less than that of direct
// sums of weights rounded to bf16. Numbers beyond 2^60 become infinite or
// NaN, those below 2^-60 0.
//
// Maps of 8 bits are transformed with points (1 and 2) for which V is of whole
// numbers, and these are multiplied. Only the weights are rounded:
//   |sums - exact| <= sum_blocks |A^T| e |A| + the bound of f32,
//   e = sum_c |V_c| / 2 * max(sum_c |U_c| Most / 2^31, max_c |U_c| / 32767) *
//       1.001,
// with Most, 17340 or less, the largest that V can be in its plane. Of random
// operands the root of the mean square is less than 2e-3 of theirs, half of
// what rounding to a code makes that reaches over four times it.
#ifndef FCIS_KERNELS_CPU_WINO_CONV_H_
#define FCIS_KERNELS_CPU_WINO_CONV_H_

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cpu/wino_kernel.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/int8_conv.h"

namespace fcis::kernels {

// y = relu?(conv(x, kernel) + bias) of a convolution that WinoConv fits.
// kernel: f32 O,I,3,3; weights: in oneDNN's layout OIhw16i16o. turned: the
// kernel is turned by half a turn, so that weights of the kernel O,I in
// IOhw16o16i give the gradient of x, as a kernel I,O. bias: null: 0. Maps: f32
// N,H,W,I and N,H,W,O in any layout of dnnl_layout.h, which share no memory, or
// both bf16, where WinoConv fits these.
// The result is the same bit for bit on every CPU, in every layout and for any
// number of threads.
void RunWino(const ConvParams& params, const Shape& kernel,
             const float* weights, bool turned, const float* bias,
             const Tensor& x, Tensor* y);

// The gradients of its weights (OIhw16i16o) and bias, set or added; x and gy as
// the x and y of RunWino, or both bf16, with AVX-512; the bits as there. With u
// as above,
//   |gw - exact| <= (tiles + 40) u sum_tiles |G^T| (|A||gy||A^T| *
//                                                   |B^T||d||B|) |G|.
// With AVX512_BF16 maps in bf16 are multiplied as whole numbers here too, of
// each plane and group of 136 tiles at most, which adds sum_groups |G^T| e |G|,
// with V and U = A gy A^T over the tiles of the group in the place of those
// over channels. Of random operands the root of the mean square is half of what
// rounding gy to bf16 has made.
void RunWinoGradient(const ConvParams& params, const Tensor& x,
                     const Tensor& gy, bool add, float* gweights, float* gbias);

class WinoConv {
 public:
  // Whether this is such a convolution: 3x3, stride 1, padding as dilation,
  // channels in sixteens; and this CPU has AVX2 and FMA, for maps in bf16
  // AVX512_BF16 and VNNI.
  static bool Fits(const ConvParams& params, const Shape& weight,
                   DType maps = DType::kF32);

  // weight: f32 O,I,3,3; bias: f32 O. They fit. The weights are copied, in
  // another order; that is all the memory a WinoConv takes, for maps in bf16
  // two and a half times as much.
  WinoConv(const ConvParams& params, const Tensor& weight, const Tensor& bias,
           DType maps = DType::kF32);

  // The weights in the order they came in; for maps in bf16 rounded to it.
  Tensor Weight() const;

  // As RunWino.
  void Run(const Tensor& x, Tensor* y) const;

 private:
  const ConvParams params_;
  const Shape shape_;
  Tensor packed_;
  Tensor rounded_;  // for maps in bf16
  const Tensor bias_;
};

// The same of maps of 8 bits, N,H,W,C. Thread-safe.
class WinoInt8Conv {
 public:
  // Whether this is such a convolution, of channels in multiples of 32, from u8
  // to u8 without a residual; and this CPU has AVX512_VNNI.
  static bool Fits(const Int8ConvParams& params, const Shape& weight);

  // They fit. Eight bytes are kept for each weight.
  WinoInt8Conv(const Int8ConvParams& params, const Int8Weights& weights);

  // As Int8Convolution::Forward; y shares no memory with x.
  void Run(const Tensor& x, Tensor* y) const;

 private:
  const ConvParams params_;
  const Shape shape_;
  const Int8Factors factors_;
  Tensor packed_;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_WINO_CONV_H_
