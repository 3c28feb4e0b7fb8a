// What oneDNN 2 and oneDNN 3 say differently, said once.
#ifndef FCIS_KERNELS_CPU_DNNL_API_H_
#define FCIS_KERNELS_CPU_DNNL_API_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "dnnl.hpp"

namespace fcis::kernels {

// Whether it has convolutions by Winograd's algorithm (for f32 and AVX-512).
inline constexpr bool kDnnlHasWinograd = DNNL_VERSION_MAJOR < 3;

// How a layout lies in memory, which is plain or of blocks; as long as the
// description that it is taken from.
struct DnnlBlocking {
  int rank;
  const dnnl_dim_t *dims, *padded_dims, *strides;
  // Of the blocks, the innermost one last: their lengths, and along which axis.
  int inner_nblks;
  const dnnl_dim_t *inner_blks, *inner_idxs;
};
DnnlBlocking BlockingOf(const dnnl::memory::desc& desc);

dnnl::memory::dims DimsOf(const dnnl::memory::desc& desc);

// Of elements of `type`, plain or of blocks.
bool IsBlocked(const dnnl::memory::desc& desc, dnnl::memory::data_type type);

// A convolution's maps and kernel, or their gradients, from which way it runs.
struct DnnlConvArgs {
  dnnl::memory::desc src, weights;
  dnnl::memory::desc bias;  // empty: none
  dnnl::memory::desc dst;
  dnnl::memory::dims strides, dilates, begin, end;
};

// These, and those below, throw dnnl::error where oneDNN has no such primitive.
dnnl::convolution_forward::primitive_desc ConvForward(
    const dnnl::engine& engine, dnnl::prop_kind kind, dnnl::algorithm algorithm,
    const DnnlConvArgs& args, const dnnl::primitive_attr& attr = {});
dnnl::convolution_backward_data::primitive_desc ConvBackwardData(
    const dnnl::engine& engine, dnnl::algorithm algorithm,
    const DnnlConvArgs& args, const dnnl::primitive_attr& attr,
    const dnnl::convolution_forward::primitive_desc& hint);
dnnl::convolution_backward_weights::primitive_desc ConvBackwardWeights(
    const dnnl::engine& engine, dnnl::algorithm algorithm,
    const DnnlConvArgs& args, const dnnl::primitive_attr& attr,
    const dnnl::convolution_forward::primitive_desc& hint);

// A max pooling's, without dilation.
struct DnnlPoolArgs {
  dnnl::memory::desc src, dst;
  dnnl::memory::dims strides, kernel, begin, end;
};
dnnl::pooling_forward::primitive_desc MaxPoolForward(const dnnl::engine& engine,
                                                     dnnl::prop_kind kind,
                                                     const DnnlPoolArgs& args);
dnnl::pooling_backward::primitive_desc MaxPoolBackward(
    const dnnl::engine& engine, const DnnlPoolArgs& args,
    const dnnl::pooling_forward::primitive_desc& hint);

// c = a b: the first implementation whose name begins with `preferred`, else
// oneDNN's first.
dnnl::matmul::primitive_desc Product(const dnnl::engine& engine,
                                     const dnnl::memory::desc& a,
                                     const dnnl::memory::desc& b,
                                     const dnnl::memory::desc& c,
                                     const dnnl::primitive_attr& attr,
                                     absl::string_view preferred);

void AppendRelu(dnnl::post_ops* post);
// What stands in the output, of `type`, times `scale`.
void AppendSum(float scale, dnnl::memory::data_type type, dnnl::post_ops* post);

// The result of a convolution of whole numbers, (sums + bias) * factor by
// output channel: `attr` gets what is known when it is compiled. The bias
// that is to be passed then, and whether the factors are, too, as
// kDnnlFactorsArgument.
struct DnnlScaling {
  std::vector<float> bias;
  bool passes_factors;
};
DnnlScaling SetFactors(const std::vector<float>& bias,
                       const std::vector<float>& factors,
                       dnnl::primitive_attr* attr);
extern const int kDnnlFactorsArgument;

// Points a memory object elsewhere.
void SetData(const dnnl::memory& memory, const void* data,
             const dnnl::stream& stream);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_DNNL_API_H_
