#include "fcis/kernels/cpu/dnnl_train_conv.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "dnnl.hpp"
#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/cpu/dilation_phases.h"
#include "fcis/kernels/cpu/dnnl_context.h"
#include "fcis/kernels/cpu/dnnl_conv_plan.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/cpu/dnnl_weights.h"

namespace fcis {
namespace {

using dnnl::memory;

FCIS_MULTIVERSION void AddTo(const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

void ParallelAddTo(const float* x, int64_t n, float* y) {
  ParallelFor(n, 1 << 16, [&](int64_t begin, int64_t end) {
    AddTo(x + begin, end - begin, y + begin);
  });
}

// Dilated kernels that phases (dilation_phases.h) make fit.
bool FitsPhases(const ConvParams& p, const Shape& weight, DType compute) {
  return compute == DType::kF32 && p.dilation > 1 && p.pad == p.dilation &&
         p.stride == 1 && weight.dim(2) == 3 && weight.dim(3) == 3;
}

ConvParams Undilated(ConvParams p) {
  p.dilation = p.pad = 1;
  return p;
}

// sums[c] of rows of `channels` bf16 each; columns begin to end.
FCIS_MULTIVERSION void SumColumns(const uint16_t* x, int64_t rows,
                                  int64_t channels, int64_t begin, int64_t end,
                                  float* sums) {
  std::fill(sums + begin, sums + end, 0.0f);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = begin; c < end; ++c) {
      sums[c] += FromBf16(x[r * channels + c]);
    }
  }
}

// The pixels of x, bf16 in N,H,W,C, that a 1x1 kernel reads for y.
Tensor PixelsOf(const Tensor& x, const Shape& y, int stride) {
  if (stride == 1) return x;
  const int64_t channels = x.shape().dim(3);
  Tensor pixels({y.dim(0) * y.dim(1) * y.dim(2), channels}, DType::kBF16);
  const auto* from = static_cast<const uint16_t*>(x.raw());
  uint16_t* to = pixels.mutable_data<uint16_t>();
  ParallelFor(y.dim(0) * y.dim(1), 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / y.dim(1), h = row % y.dim(1) * stride;
      const int64_t first = (n * x.shape().dim(1) + h) * x.shape().dim(2);
      for (int64_t w = 0; w < y.dim(2); ++w) {
        std::copy_n(from + (first + w * stride) * channels, channels,
                    to + (row * y.dim(2) + w) * channels);
      }
    }
  });
  return pixels;
}

// Where a strided kernel runs over one column, oneDNN 2.6's bf16 gradient by
// weights leaves those taps unwritten that see padding only.
bool LeavesTaps(const ConvParams& p, const Shape& weight, const Shape& x,
                DType compute) {
  return compute == DType::kBF16 && x.dim(2) == 1 && p.stride > 1 &&
         weight.dim(3) > 1 && weight.dim(3) == 2 * p.pad + 1;
}

// One column of bf16 in N,H,W,C and a second one of zeros: such kernels give as
// many outputs, and the same gradient by weights.
Tensor WithZeroColumn(const Tensor& x) {
  const int64_t pixels = x.shape().dim(0) * x.shape().dim(1);
  const int64_t channels = x.shape().dim(3);
  const Shape shape = {x.shape().dim(0), x.shape().dim(1), 2, channels};
  Tensor wide = Tensor::Zeros(shape, DType::kBF16);
  const auto* from = static_cast<const uint16_t*>(x.raw());
  uint16_t* to = wide.mutable_data<uint16_t>();
  for (int64_t i = 0; i < pixels; ++i) {
    std::copy_n(from + i * channels, channels, to + 2 * i * channels);
  }
  return wide;
}

// Everything a ConvPlan depends on.
using PlanKey = std::array<int64_t, 14>;

class DnnlTrainConv : public TrainConv {
 public:
  // phases: 1, or the dilation that is done by phases.
  DnnlTrainConv(DnnlContext* context, const ConvParams& params, int phases,
                const Shape& shape, const memory::desc& stored,
                absl::Span<const float> factors)
      : TrainConv(params, shape),
        context_(context),
        phases(phases),
        run_params(phases > 1 ? Undilated(params) : params),
        weights(stored, factors),
        bias(Shape{shape.dim(0)}) {}

  const OutputFactors& factors() const override { return weights.factors(); }
  std::string layout() const override { return LayoutName(weights.stored()); }

  void ToStored(const Tensor& weight, float* to) const override {
    context_->Reorder(Plain(), weight.raw(), weights.stored(), to);
  }

  Tensor FromStored(const float* from) const override {
    Tensor weight(weight_shape());
    context_->Reorder(weights.stored(), from, Plain(), weight.mutable_raw());
    return weight;
  }

  absl::Status Set(const float* from, const float* new_bias) override {
    weights.Set(from);
    std::copy_n(new_bias, bias.num_elements(), bias.mutable_data<float>());
    return absl::OkStatus();
  }

 private:
  memory::desc Plain() const {
    return KernelDesc(weight_shape(), DType::kF32, memory::format_tag::oihw);
  }

  DnnlContext* const context_;

 public:
  const int phases;
  const ConvParams run_params;  // of the convolution of the phases
  DnnlWeights weights;
  Tensor bias;
};

}  // namespace

struct DnnlTrainer::Impl {
  // Plans are dropped all at once when so many input shapes have come by.
  static constexpr size_t kMaxPlans = 2048;

  explicit Impl(DType type) : compute(type) {}

  const ConvPlan& GetPlan(const DnnlTrainConv& conv, const Shape& x,
                          const Shape& y, bool residual) {
    const ConvParams& p = conv.run_params;
    const Shape& w = conv.weight_shape();
    // oneDNN plans its work for a number of threads when it compiles.
    const PlanKey key = {x.dim(0), x.dim(1), x.dim(2), x.dim(3),    w.dim(0),
                         w.dim(2), w.dim(3), p.stride, p.pad,       p.dilation,
                         p.relu,   residual, w.dim(1), NumThreads()};
    const auto found = plans.find(key);
    if (found != plans.end()) return *found->second;
    if (plans.size() >= kMaxPlans) plans.clear();
    return *(plans[key] = absl::make_unique<ConvPlan>(MakeConvPlan(
                 p, w, x, y, residual, compute, context.engine())));
  }

  // A map cut into phases, and back.
  Tensor Split(const Tensor& map, int phases) {
    const Shape shape = PhasesOf(map.shape(), phases);
    Tensor split = AllocateIn(map.layout(), shape, compute);
    ToPhases(map.shape(), ChannelBlock(map), phases,
             static_cast<const float*>(map.raw()),
             static_cast<float*>(split.mutable_raw()));
    return split;
  }
  Tensor Join(const Tensor& split, const Shape& shape, int phases) {
    Tensor map = AllocateIn(split.layout(), shape, compute);
    FromPhases(shape, ChannelBlock(map), phases,
               static_cast<const float*>(split.raw()),
               static_cast<float*>(map.mutable_raw()));
    return map;
  }

  memory View(const memory::desc& desc, const void* data) const {
    return context.View(desc, data);
  }

  Tensor Forward(DnnlTrainConv* conv, const Tensor& x, const Shape& shape,
                 const Tensor* residual) {
    const ConvPlan& plan =
        GetPlan(*conv, x.shape(), shape, residual != nullptr);
    const Tensor weights = conv->weights.In(
        plan.forward_weights, DnnlWeights::Pass::kForward, &context);
    Tensor y = AllocateIn(Layout::kBackend, shape, compute);
    std::unordered_map<int, memory> arguments = {
        {DNNL_ARG_SRC, View(plan.src, x.raw())},
        {DNNL_ARG_WEIGHTS, View(plan.forward_weights, weights.raw())},
        {DNNL_ARG_BIAS, View(plan.bias, conv->bias.raw())},
        {DNNL_ARG_DST, View(plan.dst, y.raw())},
        {DNNL_ARG_SCRATCHPAD, context.Scratch(plan.forward_scratch)}};
    if (residual != nullptr) {
      arguments[ConvPlan::kResidual] = View(plan.dst, residual->raw());
    }
    plan.forward.execute(context.stream(), arguments);
    context.stream().wait();
    return y;
  }

  void ByData(const ConvPlan& plan, DnnlTrainConv* conv, const Tensor& x,
              const Tensor& gy, Tensor* gx) {
    const Tensor weights =
        conv->weights.In(plan.data_weights, DnnlWeights::Pass::kData, &context);
    *gx = AllocateIn(Layout::kBackend, x.shape(), compute);
    plan.by_data.execute(
        context.stream(),
        {{DNNL_ARG_DIFF_DST, View(plan.dst, gy.raw())},
         {DNNL_ARG_WEIGHTS, View(plan.data_weights, weights.raw())},
         {DNNL_ARG_DIFF_SRC, View(plan.src, gx->raw())},
         {DNNL_ARG_SCRATCHPAD, context.Scratch(plan.data_scratch)}});
    context.stream().wait();
  }

  // The gradients of the weights, in plan.weights_gradient, and of the bias.
  void RunByWeights(const ConvPlan& plan, const DnnlTrainConv& conv,
                    const Tensor& x, const Tensor& gy, void* gweight,
                    float* gbias) {
    const memory scratch = context.Scratch(plan.weights_scratch);
    if (plan.products.has_value()) {
      const ConvPlan::Products& p = *plan.products;
      const Tensor pixels = PixelsOf(x, gy.shape(), conv.run_params.stride);
      plan.by_weights.execute(context.stream(),
                              {{DNNL_ARG_SRC, View(p.dst_transposed, gy.raw())},
                               {DNNL_ARG_WEIGHTS, View(p.src, pixels.raw())},
                               {DNNL_ARG_DST, View(p.gradient, gweight)},
                               {DNNL_ARG_SCRATCHPAD, scratch}});
      const int64_t channels = gy.shape().dim(3);
      const auto* from = static_cast<const uint16_t*>(gy.raw());
      constexpr int64_t kGrain = 256;
      ParallelFor(channels, kGrain, [&](int64_t begin, int64_t end) {
        SumColumns(from, gy.shape().num_elements() / channels, channels, begin,
                   end, gbias);
      });
    } else {
      plan.by_weights.execute(
          context.stream(),
          {{DNNL_ARG_SRC, View(plan.src, x.raw())},
           {DNNL_ARG_DIFF_DST, View(plan.dst, gy.raw())},
           {DNNL_ARG_DIFF_WEIGHTS, View(plan.weights_gradient, gweight)},
           {DNNL_ARG_DIFF_BIAS, View(plan.bias, gbias)},
           {DNNL_ARG_SCRATCHPAD, scratch}});
    }
    context.stream().wait();
  }

  void ByWeights(const ConvPlan& plan, const DnnlTrainConv& conv,
                 const Tensor& x, const Tensor& gy, bool add, float* gweight,
                 float* gbias) {
    const int64_t outputs = conv.weight_shape().dim(0);
    const memory::desc& stored = conv.weights.stored();
    // Winograd's kernels store whole cache lines.
    constexpr uintptr_t kLine = 64;
    const bool direct = !add && plan.weights_gradient == stored &&
                        reinterpret_cast<uintptr_t>(gweight) % kLine == 0;
    Tensor sums =
        direct ? Tensor() : DnnlContext::Allocate(plan.weights_gradient);
    Tensor bias_sums(Shape{outputs});
    RunByWeights(plan, conv, x, gy, direct ? gweight : sums.mutable_raw(),
                 bias_sums.mutable_data<float>());
    if (add) {
      AddTo(bias_sums.data<float>(), outputs, gbias);
    } else {
      std::copy_n(bias_sums.data<float>(), outputs, gbias);
    }
    if (direct) return;
    if (plan.weights_gradient != stored) {
      Tensor reordered = DnnlContext::Allocate(stored);
      context.Reorder(plan.weights_gradient, sums.raw(), stored,
                      reordered.mutable_raw());
      sums = reordered;
    }
    const auto* from = static_cast<const float*>(sums.raw());
    const int64_t n = conv.factors().size();
    if (add) {
      ParallelAddTo(from, n, gweight);
    } else {
      std::copy_n(from, n, gweight);
    }
  }

  const DType compute;
  DnnlContext context;
  absl::flat_hash_map<PlanKey, std::unique_ptr<ConvPlan>> plans;
};

namespace {

std::string Describe(const TrainConv& conv, const Tensor& x) {
  return absl::StrCat("convolution of ", x.shape().ToString(), " with ",
                      conv.weight_shape().ToString(), " in training");
}

}  // namespace

DnnlTrainer::DnnlTrainer(DType activation_type)
    : impl_(absl::make_unique<Impl>(activation_type)) {}

DnnlTrainer::~DnnlTrainer() = default;

absl::StatusOr<std::unique_ptr<TrainConv>> DnnlTrainer::MakeConv(
    const ConvParams& params, const Shape& weight_shape,
    absl::Span<const float> factors) {
  std::unique_ptr<TrainConv> conv;
  RETURN_IF_ERROR(DnnlGuard(
      [&] { return absl::StrCat("kernel ", weight_shape.ToString()); },
      [&] {
        // Stored as the gradient of a map of usual size comes out.
        const Shape x = {1, 40, 64, weight_shape.dim(1)};
        const bool by_phases = FitsPhases(params, weight_shape, impl_->compute);
        const ConvParams run = by_phases ? Undilated(params) : params;
        const absl::StatusOr<Shape> y =
            ops::InferConvShape(run, x, weight_shape);
        const ConvPlan plan =
            MakeConvPlan(run, weight_shape, x, *y, /*residual=*/false,
                         impl_->compute, impl_->context.engine());
        conv = absl::make_unique<DnnlTrainConv>(
            &impl_->context, params, by_phases ? params.dilation : 1,
            weight_shape, plan.weights_gradient, factors);
      }));
  return conv;
}

absl::StatusOr<Tensor> DnnlTrainer::Conv(TrainConv& conv, const Tensor& x,
                                         const Tensor* residual) {
  ASSIGN_OR_RETURN(
      const Shape shape,
      ops::InferConvShape(conv.params(), x.shape(), conv.weight_shape()));
  auto* dnnl_conv = static_cast<DnnlTrainConv*>(&conv);
  const int phases = dnnl_conv->phases;
  Tensor y;
  RETURN_IF_ERROR(DnnlGuard(
      [&] { return Describe(conv, x); },
      [&] {
        if (phases == 1) {
          y = impl_->Forward(dnnl_conv, x, shape, residual);
          return;
        }
        Tensor split;
        if (residual != nullptr) split = impl_->Split(*residual, phases);
        y = impl_->Join(impl_->Forward(dnnl_conv, impl_->Split(x, phases),
                                       PhasesOf(shape, phases),
                                       residual == nullptr ? nullptr : &split),
                        shape, phases);
      }));
  return y;
}

absl::Status DnnlTrainer::ConvGradient(TrainConv& conv, const Tensor& x,
                                       const Tensor& gy, bool add,
                                       float* gweight, float* gbias,
                                       Tensor* gx) {
  auto& dnnl_conv = static_cast<DnnlTrainConv&>(conv);
  const int phases = dnnl_conv.phases;
  return DnnlGuard(
      [&] { return Describe(conv, x); },
      [&] {
        const Tensor in = phases == 1 ? x : impl_->Split(x, phases);
        const Tensor g = phases == 1 ? gy : impl_->Split(gy, phases);
        const ConvPlan& plan =
            impl_->GetPlan(dnnl_conv, in.shape(), g.shape(), false);
        if (gx != nullptr) {
          impl_->ByData(plan, &dnnl_conv, in, g, gx);
          if (phases > 1) *gx = impl_->Join(*gx, x.shape(), phases);
        }
        if (!LeavesTaps(dnnl_conv.run_params, conv.weight_shape(), in.shape(),
                        impl_->compute)) {
          impl_->ByWeights(plan, dnnl_conv, in, g, add, gweight, gbias);
          return;
        }
        const Tensor wide = WithZeroColumn(in);
        impl_->ByWeights(
            impl_->GetPlan(dnnl_conv, wide.shape(), g.shape(), false),
            dnnl_conv, wide, g, add, gweight, gbias);
      });
}

}  // namespace fcis
