#include "fcis/kernels/cpu/dnnl_passes.h"

#include <algorithm>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "dnnl.hpp"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cpu/amx_gradient.h"
#include "fcis/kernels/cpu/conv_maps.h"
#include "fcis/kernels/cpu/dilation_phases.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/cpu/dnnl_weights.h"
#include "fcis/kernels/cpu/few_pixels.h"
#include "fcis/kernels/cpu/pointwise_gradient.h"
#include "fcis/kernels/cpu/wino_choice.h"

namespace fcis::kernels {
namespace {

using dnnl::memory;

class DnnlConv : public TrainedConvolution {
 public:
  // Of weights that are set once.
  DnnlConv(DnnlConvs* convs, const ConvParams& params, const Tensor& weight,
           const Tensor& bias)
      : TrainedConvolution(params, weight.shape()),
        convs_(convs),
        trained_(false),
        phases_(1),
        run_params_(params),
        weights_(weight),
        bias_(bias) {}

  // Of weights that change, stored as the gradient of a map of usual size comes
  // out. phases: 1, or the dilation that is done by phases.
  DnnlConv(DnnlConvs* convs, const ConvParams& params, int phases,
           const Shape& shape, const memory::desc& stored,
           absl::Span<const float> factors)
      : TrainedConvolution(params, shape),
        convs_(convs),
        trained_(true),
        phases_(phases),
        run_params_(OverMaps(params, shape, phases > 1)),
        weights_(stored, factors),
        bias_(Shape{shape.dim(0)}) {}

  const OutputFactors& factors() const override { return weights_.factors(); }
  std::string layout() const override { return LayoutName(weights_.stored()); }

  void ToStored(const Tensor& weight, float* to) const override {
    context().Reorder(Plain(), weight.raw(), weights_.stored(), to);
  }
  Tensor FromStored(const float* from) const override {
    Tensor weight(weight_shape());
    context().Reorder(weights_.stored(), from, Plain(), weight.mutable_raw());
    return weight;
  }

  absl::Status Set(const float* from, const float* bias) override {
    weights_.Set(from);
    std::copy_n(bias, bias_.num_elements(), bias_.mutable_data<float>());
    return absl::OkStatus();
  }

  bool TakesRows(const Shape& x) const override {
    return !trained_ && x.dim(0) == 1;
  }

  absl::Status Expect(const Shape& x, const RowPads& pads, const Shape& y,
                      DType y_type, bool residual) override {
    return Run(x, [&] {
      ConvSetup setup = SetupOf(x, pads, y, Layout::kRowMajor, y_type);
      if (residual) setup.residual = ResidualPlace::kInDst;
      const auto plan = convs_->Plan(setup, ConvPass::kForward);
      weights_.In(plan->weights, DnnlWeights::Pass::kForward, &context());
    });
  }

  absl::Status Forward(const Tensor& x, const Tensor* residual,
                       Tensor* y) override {
    return Run(x.shape(), [&] {
      if (residual == nullptr && ByWinograd(x)) {
        return RunWinograd(x, DnnlWeights::Pass::kForward, y);
      }
      if (phases_ == 1) {
        return RunForward(Read(x, y->shape()), Pads(), residual, y);
      }
      Tensor added, sums = AllocateIn(y->layout(),
                                      PhasesOf(y->shape(), phases_), y->type());
      if (residual != nullptr) added = Split(*residual, phases_);
      RunForward(Split(x, phases_), Pads(),
                 residual == nullptr ? nullptr : &added, &sums);
      Join(sums, phases_, y);
    });
  }

  absl::Status ForwardRows(const Tensor& x, const RowPads& pads,
                           const Tensor* residual, Tensor* y) override {
    return Run(x.shape(), [&] { RunForward(x, pads, residual, y); });
  }

  absl::StatusOr<Tensor> GradientOfX(const Shape& x,
                                     const Tensor& gy) override {
    Tensor gx = AllocateIn(gy.layout(), x, gy.type());
    RETURN_IF_ERROR(Run(x, [&] {
      if (RunFewPixels(gy, &gx)) return;
      if (ByWinograd(gy)) {
        return RunWinograd(gy, DnnlWeights::Pass::kData, &gx);
      }
      if (Skips()) {
        Tensor pixels =
            AllocateIn(gy.layout(), {gy.dim(0), gy.dim(1), gy.dim(2), x.dim(3)},
                       gy.type());
        RunByData(gy, &pixels);
        gx = ScatterPixels(pixels, x, params().stride);
        return;
      }
      if (phases_ == 1) return RunByData(gy, &gx);
      Tensor split = AllocateIn(gx.layout(), PhasesOf(x, phases_), gx.type());
      RunByData(Split(gy, phases_), &split);
      Join(split, phases_, &gx);
    }));
    return gx;
  }

  absl::Status GradientOfWeight(const Tensor& x, const Tensor& gy, bool add,
                                float* gweight, float* gbias) override {
    if (convs_->SumsByAmx(params(), weight_shape())) {
      RunAmxGradient(params(), weight_shape(), x, gy, add, gweight, gbias);
      return absl::OkStatus();
    }
    if (InBlocks16(x) && convs_->SumsPointwise(run_params_, weight_shape())) {
      RunPointwiseGradient(Read(x, gy.shape()), gy, add, gweight, gbias);
      return absl::OkStatus();
    }
    if (ByWinograd(x)) {
      if (InBlocks16(x) &&
          RunFewPixelsGradient(params(), x, gy, add, gweight, gbias)) {
        return absl::OkStatus();
      }
      RunWinoGradient(params(), x, gy, add, gweight, gbias);
      return absl::OkStatus();
    }
    return Run(x.shape(), [&] {
      Tensor in = phases_ == 1 ? Read(x, gy.shape()) : Split(x, phases_);
      const Tensor g = phases_ == 1 ? gy : Split(gy, phases_);
      if (LeavesTaps(run_params_, weight_shape(), in)) in = WithZeroColumn(in);
      AddByWeights(in, g, add, gweight, gbias);
    });
  }

 private:
  DnnlContext& context() const { return convs_->context(); }
  memory View(const memory::desc& desc, const void* data) const {
    return context().View(desc, data);
  }
  memory::desc Plain() const {
    return KernelDesc(weight_shape(), DType::kF32, memory::format_tag::oihw);
  }

  template <typename Body>
  absl::Status Run(const Shape& x, const Body& body) const {
    return DnnlGuard(
        [&] {
          return absl::StrCat("convolution of ", x.ToString(), " with ",
                              weight_shape().ToString());
        },
        body);
  }

  RowPads Pads() const { return {run_params_.pad, run_params_.pad}; }

  ConvSetup SetupOf(const Shape& x, const RowPads& pads, const Shape& y,
                    Layout layout, DType y_type) const {
    ConvSetup setup;
    setup.params = run_params_;
    setup.weight = weight_shape();
    setup.x = x;
    setup.y = y;
    setup.pads = pads;
    setup.layout = layout;
    setup.compute = convs_->compute();
    setup.output = y_type;
    setup.trained = trained_;
    setup.winograd = trained_ && convs_->algorithm() != ConvAlgorithm::kDirect;
    return setup;
  }
  ConvSetup SetupOf(const Shape& x, const Tensor& y) const {
    return SetupOf(x, Pads(), y.shape(), y.layout(), y.type());
  }

  // Whether a pass over maps of this size is RunWino's.
  bool ByWinograd(const Tensor& map) const {
    return trained_ && convs_->TrainsByWinograd(params(), weight_shape()) &&
           MeansWinograd(convs_->algorithm(), map.type(), weight_shape(),
                         map.shape());
  }

  // Whether a map is what RunPointwiseGradient takes.
  static bool InBlocks16(const Tensor& map) {
    return map.type() == DType::kF32 && map.layout() == Layout::kBackend &&
           HasIsa(dnnl::cpu_isa::avx512_core);
  }

  // The gradient of x where few pixels of gy are not 0; else false.
  bool RunFewPixels(const Tensor& gy, Tensor* gx) {
    const bool winograd = ByWinograd(gy);
    if (!InBlocks16(gy) ||
        !(winograd || convs_->SumsPointwise(params(), weight_shape()))) {
      return false;
    }
    // Winograd's algorithm takes a quarter of the products, and transforms.
    const FewPixels few(gy, winograd ? 1.0 / 6 : 0.6);
    if (few.too_many()) return false;
    const Tensor weights = weights_.In(
        KernelDesc(weight_shape(), DType::kF32, memory::format_tag::IOhw16o16i),
        DnnlWeights::Pass::kData, &context());
    few.Run(params(), weight_shape(), static_cast<const float*>(weights.raw()),
            gy, gx);
    return true;
  }

  // Whether FewPixelsBy... take this map.
  bool TakesFewPixels(const Tensor& map) const {
    return map.type() == DType::kBF16 && map.layout() == Layout::kRowMajor &&
           FitsFewPixels(run_params_, weight_shape());
  }

  bool Skips() const {
    return trained_ && SkipsPixels(params(), weight_shape());
  }
  // What of x a pass with maps of shape y reads, where there are no phases.
  Tensor Read(const Tensor& x, const Shape& y) const {
    return Skips() ? GatherPixels(x, y, params().stride) : x;
  }

  // Of one type, if RunWino fits that; else maps are brought to f32 and back.
  void RunWinograd(const Tensor& from, DnnlWeights::Pass pass, Tensor* to) {
    if (from.type() != to->type() ||
        !WinoConv::Fits(params(), weight_shape(), from.type())) {
      Tensor in = AllocateIn(Layout::kBackend, from.shape(), DType::kF32);
      Tensor out = AllocateIn(Layout::kBackend, to->shape(), DType::kF32);
      context().Reorder(DescOf(from), from.raw(), DescOf(in), in.mutable_raw());
      RunWinograd(in, pass, &out);
      context().Reorder(DescOf(out), out.raw(), DescOf(*to), to->mutable_raw());
      return;
    }
    using Tag = memory::format_tag;
    const bool back = pass == DnnlWeights::Pass::kData;
    const Shape& shape = weight_shape();
    const Tensor weights =
        weights_.In(KernelDesc(shape, DType::kF32,
                               back ? Tag::IOhw16o16i : Tag::OIhw16i16o),
                    pass, &context());
    ConvParams run = params();
    run.relu = run.relu && !back;
    RunWino(run, back ? Shape{shape.dim(1), shape.dim(0), 3, 3} : shape,
            static_cast<const float*>(weights.raw()), back,
            back ? nullptr : bias_.data<float>(), from, to);
  }

  // x in the type that convolutions compute in.
  Tensor Operand(const Tensor& x) const {
    if (x.type() == convs_->compute()) return x;
    Tensor converted = AllocateIn(x.layout(), x.shape(), convs_->compute());
    if (x.type() == DType::kF32 && x.layout() == Layout::kRowMajor) {
      ParallelToBf16(x, &converted);  // oneDNN would take memory for that
      return converted;
    }
    context().Reorder(DescOf(x), x.raw(), DescOf(converted),
                      converted.mutable_raw());
    return converted;
  }

  // oneDNN's fast kernels for AMX add what is in y to a product; a residual
  // elsewhere they leave to others, which take more than twice the time.
  bool AddsInPlaceOnly() const {
    return trained_ && convs_->compute() == DType::kBF16 &&
           weight_shape().dim(2) == 1 && HasIsa(dnnl::cpu_isa::avx512_core_amx);
  }

  void RunForward(const Tensor& x, const RowPads& pads, const Tensor* residual,
                  Tensor* y) {
    const Tensor in = Operand(x);
    ConvSetup setup =
        SetupOf(x.shape(), pads, y->shape(), y->layout(), y->type());
    if (residual != nullptr && residual->raw() != y->raw() &&
        AddsInPlaceOnly()) {
      ParallelCopy(*residual, y);
      residual = y;
    }
    if (residual != nullptr) {
      setup.residual = residual->raw() == y->raw() ? ResidualPlace::kInDst
                                                   : ResidualPlace::kApart;
    }
    const auto held = convs_->Plan(setup, ConvPass::kForward);
    const ConvPlan& plan = *held;
    const Tensor weights =
        weights_.In(plan.weights, DnnlWeights::Pass::kForward, &context());
    absl::InlinedVector<DnnlCalls::Argument, DnnlCalls::kMostArguments>
        arguments = {{DNNL_ARG_SRC, plan.src, in.raw()},
                     {DNNL_ARG_WEIGHTS, plan.weights, weights.raw()},
                     {DNNL_ARG_BIAS, plan.bias, bias_.raw()},
                     {DNNL_ARG_DST, plan.dst, y->raw()},
                     {DNNL_ARG_SCRATCHPAD, plan.scratch,
                      context().ScratchData(plan.scratch)}};
    if (setup.residual == ResidualPlace::kApart) {
      arguments.push_back({ConvPlan::kResidual, plan.dst, residual->raw()});
    }
    calls_.Run(held, plan.primitive, arguments, &context());
  }

  void RunByData(const Tensor& gy, Tensor* gx) {
    const auto held = convs_->Plan(SetupOf(gx->shape(), gy), ConvPass::kData);
    const ConvPlan& plan = *held;
    const Tensor weights =
        weights_.In(plan.weights, DnnlWeights::Pass::kData, &context());
    if (TakesFewPixels(gy) &&
        plan.weights == FewPixelsWeights(weight_shape()) &&
        FewPixelsByData(gy, static_cast<const uint16_t*>(weights.raw()), gx)) {
      return;
    }
    const bool forward = plan.transposed.has_value();
    plan.primitive.execute(
        context().stream(),
        {{forward ? DNNL_ARG_SRC : DNNL_ARG_DIFF_DST, View(plan.dst, gy.raw())},
         {DNNL_ARG_WEIGHTS,
          View(forward ? *plan.transposed : plan.weights, weights.raw())},
         {forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_SRC,
          View(plan.src, gx->raw())},
         {DNNL_ARG_SCRATCHPAD, context().Scratch(plan.scratch)}});
    context().stream().wait();
  }

  // The gradients of the weights, in plan.weights, and of the bias.
  void RunByWeights(const ConvPlan& plan, const Tensor& x, const Tensor& gy,
                    void* gweight, float* gbias) const {
    const memory scratch = context().Scratch(plan.scratch);
    if (!plan.products.has_value()) {
      plan.primitive.execute(
          context().stream(),
          {{DNNL_ARG_SRC, View(plan.src, x.raw())},
           {DNNL_ARG_DIFF_DST, View(plan.dst, gy.raw())},
           {DNNL_ARG_DIFF_WEIGHTS, View(plan.weights, gweight)},
           {DNNL_ARG_DIFF_BIAS, View(plan.bias, gbias)},
           {DNNL_ARG_SCRATCHPAD, scratch}});
      context().stream().wait();
      return;
    }
    if (!TakesFewPixels(gy) ||
        !FewPixelsByWeights(x, gy, static_cast<float*>(gweight))) {
      const ConvPlan::Products& p = *plan.products;
      plan.primitive.execute(context().stream(),
                             {{DNNL_ARG_SRC, View(p.dst_transposed, gy.raw())},
                              {DNNL_ARG_WEIGHTS, View(p.src, x.raw())},
                              {DNNL_ARG_DST, View(p.gradient, gweight)},
                              {DNNL_ARG_SCRATCHPAD, scratch}});
    }
    SumPixels(gy, gbias);
    context().stream().wait();
  }

  void AddByWeights(const Tensor& x, const Tensor& gy, bool add, float* gweight,
                    float* gbias) const {
    const auto held = convs_->Plan(SetupOf(x.shape(), gy), ConvPass::kWeights);
    const ConvPlan& plan = *held;
    const int64_t outputs = weight_shape().dim(0);
    const memory::desc& stored = weights_.stored();
    // Winograd's kernels store whole cache lines.
    constexpr uintptr_t kLine = 64;
    const bool direct = !add && plan.weights == stored &&
                        reinterpret_cast<uintptr_t>(gweight) % kLine == 0;
    Tensor sums = direct ? Tensor() : DnnlContext::Allocate(plan.weights);
    Tensor bias_sums(Shape{outputs});
    RunByWeights(plan, x, gy, direct ? gweight : sums.mutable_raw(),
                 bias_sums.mutable_data<float>());
    if (add) {
      ParallelAddTo(bias_sums.data<float>(), outputs, gbias);
    } else {
      std::copy_n(bias_sums.data<float>(), outputs, gbias);
    }
    if (direct) return;
    if (plan.weights != stored) {
      Tensor reordered = DnnlContext::Allocate(stored);
      context().Reorder(plan.weights, sums.raw(), stored,
                        reordered.mutable_raw());
      sums = reordered;
    }
    const auto* from = static_cast<const float*>(sums.raw());
    if (add) {
      ParallelAddTo(from, factors().size(), gweight);
    } else {
      std::copy_n(from, factors().size(), gweight);
    }
  }

  DnnlConvs* const convs_;
  const bool trained_;
  const int phases_;
  const ConvParams run_params_;  // of the convolution of the phases
  DnnlWeights weights_;
  Tensor bias_;
  DnnlCalls calls_;  // forward
};

}  // namespace

std::unique_ptr<Convolution> MakePreparedPasses(DnnlConvs* convs,
                                                const ConvParams& params,
                                                const Tensor& weight,
                                                const Tensor& bias) {
  return std::make_unique<DnnlConv>(convs, params, weight, bias);
}

std::unique_ptr<TrainedConvolution> MakeTrainedPasses(
    DnnlConvs* convs, const ConvParams& params, int phases, const Shape& shape,
    const memory::desc& stored, absl::Span<const float> factors) {
  return std::make_unique<DnnlConv>(convs, params, phases, shape, stored,
                                    factors);
}

}  // namespace fcis::kernels
