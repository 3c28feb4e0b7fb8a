#include "fcis/kernels/cpu/dnnl_conv_plan.h"

#include <utility>

#include "fcis/core/base/parallel.h"
#include "fcis/kernels/cpu/dnnl_api.h"
#include "fcis/kernels/cpu/dnnl_layout.h"

namespace fcis::kernels {
namespace {

using dnnl::memory;

// Winograd's algorithm (Lavin and Gray, 2016) takes a third of the products of
// such kernels.
bool FitsWinograd(const ConvSetup& s) {
  return kDnnlHasWinograd && s.winograd && s.weight.dim(2) == 3 &&
         s.weight.dim(3) == 3 && s.params.stride == 1 && s.params.dilation == 1;
}

// In bf16 a product of matrices is faster than oneDNN's gradient by weights
// (1x1 kernels of ResNet-101: 0.18 instead of 0.22 s; with AMX a third of the
// time, on one core 2.8 to 3.9 ms instead of 7.3 to 15.3 for those of res4).
bool FitsProduct(const ConvSetup& s) {
  return s.compute == DType::kBF16 && s.weight.dim(2) == 1 &&
         s.weight.dim(3) == 1 && s.params.pad == 0 &&
         HasIsa(dnnl::cpu_isa::avx512_core_bf16);
}

// With AMX, oneDNN's forward passes are up to three times as fast as its
// gradients by data.
bool FitsForward(const ConvSetup& s) {
  return s.compute == DType::kBF16 && s.weight.dim(2) == 1 &&
         s.weight.dim(3) == 1 && s.params.pad == 0 && s.params.stride == 1 &&
         HasIsa(dnnl::cpu_isa::avx512_core_amx);
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

dnnl::primitive_attr Attributes(const dnnl::post_ops& post) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attr.set_post_ops(post);
  return attr;
}

class Planner {
 public:
  Planner(const ConvSetup& setup, const dnnl::engine& engine)
      : setup_(setup),
        engine_(engine),
        any_(KernelDesc(setup.weight, setup.compute, memory::format_tag::any)),
        strides_{setup.params.stride, setup.params.stride},
        dilates_{setup.params.dilation - 1, setup.params.dilation - 1},
        begin_{setup.pads.top, setup.params.pad},
        end_{setup.pads.bottom, setup.params.pad},
        winograd_(FitsWinograd(setup)) {
    plan_.src = MapDesc(setup.layout, setup.x, setup.compute);
    plan_.dst = MapDesc(setup.layout, setup.y, setup.output);
    plan_.bias = memory::desc({setup.weight.dim(0)}, memory::data_type::f32,
                              memory::format_tag::a);
  }

  ConvPlan Make(ConvPass pass) {
    switch (pass) {
      case ConvPass::kForward:
        PlanForward();
        break;
      case ConvPass::kData:
        FitsForward(setup_) ? PlanDataForward() : PlanByData();
        break;
      case ConvPass::kWeights:
        FitsProduct(setup_) ? PlanProduct() : PlanByWeights();
    }
    return plan_;
  }

 private:
  using Algorithm = dnnl::algorithm;

  DnnlConvArgs Args(const memory::desc& weights) const {
    return {plan_.src, weights,  plan_.bias, plan_.dst,
            strides_,  dilates_, begin_,     end_};
  }

  dnnl::convolution_forward::primitive_desc Forward(
      Algorithm algorithm, dnnl::prop_kind kind,
      const dnnl::post_ops& post) const {
    return ConvForward(engine_, kind, algorithm, Args(any_), Attributes(post));
  }

  // What the backward passes belong to.
  dnnl::convolution_forward::primitive_desc Hint(Algorithm algorithm) const {
    return Forward(algorithm, dnnl::prop_kind::forward_training, {});
  }

  dnnl::post_ops PostOps() const {
    dnnl::post_ops post;
    if (setup_.residual == ResidualPlace::kInDst) {
      AppendSum(1.0f, DnnlType(setup_.output), &post);
    }
    if (setup_.residual == ResidualPlace::kApart) {
      post.append_binary(Algorithm::binary_add, plan_.dst);
    }
    if (setup_.params.relu) AppendRelu(&post);
    return post;
  }

  void PlanForward() {
    // For inference Winograd's kernels are kept transformed, and no way leads
    // back from there.
    const auto forward = Fastest(winograd_, [&](Algorithm algorithm) {
      return Forward(algorithm,
                     algorithm == Algorithm::convolution_winograd
                         ? dnnl::prop_kind::forward_training
                         : dnnl::prop_kind::forward_inference,
                     PostOps());
    });
    plan_.primitive = dnnl::convolution_forward(forward);
    plan_.weights = forward.weights_desc();
    plan_.scratch = forward.scratchpad_desc();
  }

  void PlanByData() {
    const auto by_data = Fastest(winograd_, [&](Algorithm algorithm) {
      return ConvBackwardData(engine_, algorithm, Args(any_), Attributes({}),
                              Hint(algorithm));
    });
    plan_.primitive = dnnl::convolution_backward_data(by_data);
    plan_.weights = by_data.weights_desc();
    plan_.scratch = by_data.scratchpad_desc();
  }

  void PlanDataForward() {
    const Shape& kernel = setup_.weight;
    DnnlConvArgs args =
        Args(KernelDesc({kernel.dim(1), kernel.dim(0), 1, 1}, setup_.compute,
                        memory::format_tag::any));
    std::swap(args.src, args.dst);
    args.bias = memory::desc();
    const auto forward =
        ConvForward(engine_, dnnl::prop_kind::forward_inference,
                    Algorithm::convolution_direct, args, Attributes({}));
    plan_.primitive = dnnl::convolution_forward(forward);
    plan_.transposed = forward.weights_desc();
    plan_.weights = plan_.transposed->permute_axes({1, 0, 2, 3});
    plan_.scratch = forward.scratchpad_desc();
  }

  void PlanByWeights() {
    const memory::desc gradient =
        KernelDesc(setup_.weight, DType::kF32, memory::format_tag::any);
    const auto by_weights = Fastest(winograd_, [&](Algorithm algorithm) {
      return ConvBackwardWeights(engine_, algorithm, Args(gradient),
                                 Attributes({}), Hint(algorithm));
    });
    plan_.primitive = dnnl::convolution_backward_weights(by_weights);
    plan_.weights = by_weights.diff_weights_desc();
    plan_.scratch = by_weights.scratchpad_desc();
  }

  void PlanProduct() {
    const Shape& y = setup_.y;
    const int64_t pixels = y.dim(0) * y.dim(1) * y.dim(2);
    const int64_t outputs = setup_.weight.dim(0), inputs = setup_.weight.dim(1);
    ConvPlan::Products& products = plan_.products.emplace();
    products.dst_transposed =
        MatrixDesc(outputs, pixels, setup_.compute, memory::format_tag::ba);
    products.src =
        MatrixDesc(pixels, inputs, setup_.compute, memory::format_tag::ab);
    products.gradient =
        MatrixDesc(outputs, inputs, DType::kF32, memory::format_tag::ab);
    // oneDNN offers its packing kernels first; here the plain GEMM is faster by
    // a tenth to a seventh.
    const auto matmul = Product(engine_, products.dst_transposed, products.src,
                                products.gradient, Attributes({}), "gemm");
    plan_.primitive = dnnl::matmul(matmul);
    plan_.weights =
        KernelDesc(setup_.weight, DType::kF32, memory::format_tag::oihw);
    plan_.scratch = matmul.scratchpad_desc();
  }

  const ConvSetup& setup_;
  const dnnl::engine& engine_;
  const memory::desc any_;
  const memory::dims strides_, dilates_, begin_, end_;
  const bool winograd_;
  ConvPlan plan_;
};

}  // namespace

ConvSetup::Key ConvSetup::key(ConvPass pass) const {
  // y follows from x. oneDNN plans its work for a number of threads when it
  // compiles.
  return {static_cast<int>(pass),
          x.dim(0),
          x.dim(1),
          x.dim(2),
          weight.dim(0),
          weight.dim(1),
          weight.dim(2),
          weight.dim(3),
          params.stride,
          params.pad,
          pads.top,
          pads.bottom,
          params.dilation,
          params.relu,
          static_cast<int>(layout),
          static_cast<int>(compute),
          static_cast<int>(output),
          static_cast<int>(residual),
          winograd,
          NumThreads()};
}

ConvPlan MakeConvPlan(const ConvSetup& setup, ConvPass pass,
                      const dnnl::engine& engine) {
  return Planner(setup, engine).Make(pass);
}

}  // namespace fcis::kernels
