#include "fcis/kernels/cpu/dnnl_conv_plan.h"

#include "absl/strings/match.h"
#include "fcis/kernels/cpu/dnnl_layout.h"

namespace fcis {
namespace {

using dnnl::memory;

memory::dims Dims(const Shape& s) {
  return {s.dim(0), s.dim(1), s.dim(2), s.dim(3)};
}

// Winograd's algorithm (Lavin and Gray, 2016) takes a third of the products of
// such kernels; oneDNN has it for f32 and AVX-512.
bool FitsWinograd(const ConvParams& p, const Shape& weight) {
  return weight.dim(2) == 3 && weight.dim(3) == 3 && p.stride == 1 &&
         p.dilation == 1;
}

// In bf16 without AMX a product of matrices is faster than oneDNN's gradient
// by weights (1x1 kernels of ResNet-101: 0.18 instead of 0.22 s).
bool FitsProduct(const ConvParams& p, const Shape& weight, DType compute) {
  return compute == DType::kBF16 && weight.dim(2) == 1 && weight.dim(3) == 1 &&
         p.pad == 0 && HasIsa(dnnl::cpu_isa::avx512_core_bf16) &&
         !HasIsa(dnnl::cpu_isa::avx512_core_amx);
}

// make(algorithm) by Winograd if that is possible.
template <typename Make>
auto Fastest(bool winograd, const Make& make) {
  if (winograd) {
    try {
      return make(dnnl::algorithm::convolution_winograd);
    } catch (const dnnl::error&) {
      // Not for this type, with a residual, or on this CPU.
    }
  }
  return make(dnnl::algorithm::convolution_direct);
}

// Of `rows` pixels of `columns` channels.
memory::desc MatrixDesc(int64_t rows, int64_t columns, DType type,
                        memory::format_tag tag) {
  return memory::desc({rows, columns}, DnnlType(type), tag);
}

// oneDNN offers its packing kernels first; here the plain GEMM is faster by a
// tenth to a seventh.
bool ChooseGemm(dnnl::matmul::primitive_desc* matmul) {
  do {
    if (absl::StartsWith(matmul->impl_info_str(), "gemm")) return true;
  } while (matmul->next_impl());
  return false;
}

dnnl::primitive_attr Attributes(const dnnl::post_ops& post) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attr.set_post_ops(post);
  return attr;
}

// Fills one pass of a plan after the other.
class Planner {
 public:
  Planner(const ConvParams& params, const Shape& weight, const Shape& x,
          const Shape& y, DType compute, const dnnl::engine& engine)
      : params_(params),
        weight_(weight),
        y_(y),
        compute_(compute),
        engine_(engine),
        any_(KernelDesc(weight, compute, memory::format_tag::any)),
        strides_{params.stride, params.stride},
        dilates_{params.dilation - 1, params.dilation - 1},
        pads_{params.pad, params.pad},
        winograd_(FitsWinograd(params, weight)) {
    plan_.src = FeatureDesc(x, compute);
    plan_.dst = FeatureDesc(y, compute);
    plan_.bias = memory::desc({weight.dim(0)}, memory::data_type::f32,
                              memory::format_tag::a);
  }

  ConvPlan Make(bool residual) {
    PlanForward(residual);
    PlanByData();
    if (FitsProduct(params_, weight_, compute_)) {
      PlanProduct();
    } else {
      PlanByWeights();
    }
    return plan_;
  }

 private:
  using Algorithm = dnnl::algorithm;

  dnnl::convolution_forward::primitive_desc Forward(
      Algorithm algorithm, dnnl::prop_kind kind,
      const dnnl::post_ops& post) const {
    return dnnl::convolution_forward::primitive_desc(
        dnnl::convolution_forward::desc(kind, algorithm, plan_.src, any_,
                                        plan_.bias, plan_.dst, strides_,
                                        dilates_, pads_, pads_),
        Attributes(post), engine_);
  }

  // What the backward passes belong to.
  dnnl::convolution_forward::primitive_desc Hint(Algorithm algorithm) const {
    return Forward(algorithm, dnnl::prop_kind::forward_training, {});
  }

  void PlanForward(bool residual) {
    dnnl::post_ops post;
    // Not append_sum: y would have to hold the residual before.
    if (residual) post.append_binary(Algorithm::binary_add, plan_.dst);
    if (params_.relu) {
      post.append_eltwise(1.0f, Algorithm::eltwise_relu, 0.0f, 0.0f);
    }
    // For inference Winograd's kernels are kept transformed, and no way leads
    // back from there.
    const auto forward = Fastest(winograd_, [&](Algorithm algorithm) {
      return Forward(algorithm,
                     algorithm == Algorithm::convolution_winograd
                         ? dnnl::prop_kind::forward_training
                         : dnnl::prop_kind::forward_inference,
                     post);
    });
    plan_.forward = dnnl::convolution_forward(forward);
    plan_.forward_weights = forward.weights_desc();
    plan_.forward_scratch = forward.scratchpad_desc();
  }

  void PlanByData() {
    const auto by_data = Fastest(winograd_, [&](Algorithm algorithm) {
      return dnnl::convolution_backward_data::primitive_desc(
          dnnl::convolution_backward_data::desc(algorithm, plan_.src, any_,
                                                plan_.dst, strides_, dilates_,
                                                pads_, pads_),
          Attributes({}), engine_, Hint(algorithm));
    });
    plan_.by_data = dnnl::convolution_backward_data(by_data);
    plan_.data_weights = by_data.weights_desc();
    plan_.data_scratch = by_data.scratchpad_desc();
  }

  void PlanByWeights() {
    const memory::desc gradient =
        KernelDesc(weight_, DType::kF32, memory::format_tag::any);
    const auto by_weights = Fastest(winograd_, [&](Algorithm algorithm) {
      return dnnl::convolution_backward_weights::primitive_desc(
          dnnl::convolution_backward_weights::desc(
              algorithm, plan_.src, gradient, plan_.bias, plan_.dst, strides_,
              dilates_, pads_, pads_),
          Attributes({}), engine_, Hint(algorithm));
    });
    plan_.by_weights = dnnl::convolution_backward_weights(by_weights);
    plan_.weights_gradient = by_weights.diff_weights_desc();
    plan_.weights_scratch = by_weights.scratchpad_desc();
  }

  void PlanProduct() {
    const int64_t pixels = y_.dim(0) * y_.dim(1) * y_.dim(2);
    const int64_t outputs = weight_.dim(0), inputs = weight_.dim(1);
    ConvPlan::Products& products = plan_.products.emplace();
    products.dst_transposed =
        MatrixDesc(outputs, pixels, compute_, memory::format_tag::ba);
    products.src = MatrixDesc(pixels, inputs, compute_, memory::format_tag::ab);
    products.gradient =
        MatrixDesc(outputs, inputs, DType::kF32, memory::format_tag::ab);
    // Iterating takes a description that lives on.
    const dnnl::matmul::desc description(products.dst_transposed, products.src,
                                         products.gradient);
    const auto attr = Attributes({});
    dnnl::matmul::primitive_desc matmul(description, attr, engine_);
    if (!ChooseGemm(&matmul)) {
      matmul = dnnl::matmul::primitive_desc(description, attr, engine_);
    }
    plan_.by_weights = dnnl::matmul(matmul);
    plan_.weights_gradient =
        KernelDesc(weight_, DType::kF32, memory::format_tag::oihw);
    plan_.weights_scratch = matmul.scratchpad_desc();
  }

  const ConvParams& params_;
  const Shape &weight_, &y_;
  const DType compute_;
  const dnnl::engine& engine_;
  const memory::desc any_;
  const memory::dims strides_, dilates_, pads_;
  const bool winograd_;
  ConvPlan plan_;
};

}  // namespace

memory::desc KernelDesc(const Shape& shape, DType type,
                        memory::format_tag tag) {
  return memory::desc(Dims(shape), DnnlType(type), tag);
}

ConvPlan MakeConvPlan(const ConvParams& params, const Shape& weight,
                      const Shape& x, const Shape& y, bool residual,
                      DType compute, const dnnl::engine& engine) {
  return Planner(params, weight, x, y, compute, engine).Make(residual);
}

}  // namespace fcis
