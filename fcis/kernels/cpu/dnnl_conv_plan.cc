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
      // Not for this type, or on this CPU.
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

void PlanProduct(const Shape& weight, const Shape& y, DType compute,
                 const dnnl::primitive_attr& attr, const dnnl::engine& engine,
                 ConvPlan* plan) {
  const int64_t pixels = y.dim(0) * y.dim(1) * y.dim(2);
  const int64_t outputs = weight.dim(0), inputs = weight.dim(1);
  ConvPlan::Products& products = plan->products;
  products.dst_transposed =
      MatrixDesc(outputs, pixels, compute, memory::format_tag::ba);
  products.src = MatrixDesc(pixels, inputs, compute, memory::format_tag::ab);
  products.gradient =
      MatrixDesc(outputs, inputs, DType::kF32, memory::format_tag::ab);
  // Iterating takes a description that lives on.
  const dnnl::matmul::desc description(products.dst_transposed, products.src,
                                       products.gradient);
  dnnl::matmul::primitive_desc matmul(description, attr, engine);
  if (!ChooseGemm(&matmul)) {
    matmul = dnnl::matmul::primitive_desc(description, attr, engine);
  }
  plan->has_products = true;
  plan->by_weights = dnnl::matmul(matmul);
  plan->weights_gradient =
      KernelDesc(weight, DType::kF32, memory::format_tag::oihw);
  plan->weights_scratch = matmul.scratchpad_desc();
}

}  // namespace

memory::desc KernelDesc(const Shape& shape, DType type,
                        memory::format_tag tag) {
  return memory::desc(Dims(shape), DnnlType(type), tag);
}

ConvPlan MakeConvPlan(const ConvParams& p, const Shape& weight, const Shape& x,
                      const Shape& y, bool residual, DType compute,
                      const dnnl::engine& engine) {
  ConvPlan plan;
  plan.src = FeatureDesc(x, compute);
  plan.dst = FeatureDesc(y, compute);
  plan.bias = memory::desc({weight.dim(0)}, memory::data_type::f32,
                           memory::format_tag::a);
  const memory::desc any = KernelDesc(weight, compute, memory::format_tag::any);
  const memory::dims strides = {p.stride, p.stride};
  const memory::dims dilates = {p.dilation - 1, p.dilation - 1};
  const memory::dims pads = {p.pad, p.pad};
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops post;
  // Not append_sum: y would have to hold the residual before.
  if (residual) {
    post.append_binary(dnnl::algorithm::binary_add, plan.dst);
  }
  if (p.relu) {
    post.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
  }
  dnnl::primitive_attr forward_attr;  // a copy of attr would be attr itself
  forward_attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  forward_attr.set_post_ops(post);
  const auto forward_desc = [&](dnnl::algorithm algorithm, dnnl::prop_kind kind,
                                const dnnl::primitive_attr& with) {
    return dnnl::convolution_forward::primitive_desc(
        dnnl::convolution_forward::desc(kind, algorithm, plan.src, any,
                                        plan.bias, plan.dst, strides, dilates,
                                        pads, pads),
        with, engine);
  };
  const auto hint = [&](dnnl::algorithm algorithm) {
    return forward_desc(algorithm, dnnl::prop_kind::forward_training, attr);
  };
  const bool winograd = FitsWinograd(p, weight);
  // For inference Winograd's kernels are kept transformed, and no way leads
  // back from there.
  const auto forward = Fastest(winograd, [&](dnnl::algorithm algorithm) {
    return forward_desc(algorithm,
                        algorithm == dnnl::algorithm::convolution_winograd
                            ? dnnl::prop_kind::forward_training
                            : dnnl::prop_kind::forward_inference,
                        forward_attr);
  });
  plan.forward = dnnl::convolution_forward(forward);
  plan.forward_weights = forward.weights_desc();
  plan.forward_scratch = forward.scratchpad_desc();

  const auto by_data = Fastest(winograd, [&](dnnl::algorithm algorithm) {
    return dnnl::convolution_backward_data::primitive_desc(
        dnnl::convolution_backward_data::desc(
            algorithm, plan.src, any, plan.dst, strides, dilates, pads, pads),
        attr, engine, hint(algorithm));
  });
  plan.by_data = dnnl::convolution_backward_data(by_data);
  plan.data_weights = by_data.weights_desc();
  plan.data_scratch = by_data.scratchpad_desc();

  if (FitsProduct(p, weight, compute)) {
    PlanProduct(weight, y, compute, attr, engine, &plan);
    return plan;
  }
  const memory::desc gradient =
      KernelDesc(weight, DType::kF32, memory::format_tag::any);
  const auto by_weights = Fastest(winograd, [&](dnnl::algorithm algorithm) {
    return dnnl::convolution_backward_weights::primitive_desc(
        dnnl::convolution_backward_weights::desc(algorithm, plan.src, gradient,
                                                 plan.bias, plan.dst, strides,
                                                 dilates, pads, pads),
        attr, engine, hint(algorithm));
  });
  plan.by_weights = dnnl::convolution_backward_weights(by_weights);
  plan.weights_gradient = by_weights.diff_weights_desc();
  plan.weights_scratch = by_weights.scratchpad_desc();
  return plan;
}

}  // namespace fcis
