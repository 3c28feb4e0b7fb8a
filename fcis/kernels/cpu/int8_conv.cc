#include "fcis/kernels/cpu/int8_conv.h"

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "dnnl.hpp"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/recent_map.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cpu/amx_conv.h"
#include "fcis/kernels/cpu/conv_maps.h"
#include "fcis/kernels/cpu/dnnl_api.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/cpu/wino_choice.h"
#include "fcis/kernels/cpu/wino_conv.h"

namespace fcis::kernels {
namespace {

using dnnl::memory;

// A convolution compiled for one size of its input.
struct Plan {
  dnnl::convolution_forward primitive;
  memory::desc src, weights, bias, dst, scratch;
};

class DnnlInt8Conv : public Int8Convolution {
 public:
  DnnlInt8Conv(const Int8ConvParams& params, const Int8Weights& weights,
               DnnlContext* context)
      : Int8Convolution(params, weights.elements.shape()),
        context_(context),
        elements_(weights.elements),
        factors_(Int8FactorsOf(params, weights)),
        scaling_(SetFactors(factors_.bias, factors_.factor, &attributes_)) {
    attributes_.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    attributes_.set_post_ops(PostOps());
  }

  bool TakesRows(const Shape& /*x*/) const override { return true; }

  absl::Status ForwardRows(const Tensor& x, const RowPads& pads,
                           const Tensor* residual, Tensor* y) override {
    return Guarded(x.shape(), [&] {
      // oneDNN adds what stands in the output.
      if (residual != nullptr && residual->raw() != y->raw()) {
        ParallelCopy(*residual, y);
      }
      Run(ReadyFor({x.shape(), pads, y->shape(), y->type()}), x, y);
    });
  }

  absl::Status Expect(const Shape& x, const RowPads& pads, const Shape& y,
                      DType y_type, bool /*residual*/) override {
    return Guarded(x, [&] { ReadyFor({x, pads, y, y_type}); });
  }

 private:
  // What a plan is made for.
  struct Maps {
    Shape x;
    RowPads pads;
    Shape y;
    DType y_type;
  };
  struct Ready {
    std::shared_ptr<const Plan> plan;
    Tensor packed;
  };

  template <typename Body>
  absl::Status Guarded(const Shape& x, const Body& body) const {
    return DnnlGuard(
        [&] {
          return absl::StrCat("int8 convolution of ", x.ToString(), " with ",
                              weight_shape().ToString());
        },
        body);
  }

  // By threads that call at once, too.
  Ready ReadyFor(const Maps& maps) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::shared_ptr<const Plan> plan = PlanFor(maps);
    if (packed_layout_ != plan->weights) {
      packed_ = DnnlContext::Allocate(plan->weights);
      // Several threads of oneDNN 2.6 disturb each other here.
      const SerialScope serial;
      context_->Reorder(
          KernelDesc(weight_shape(), DType::kI8, memory::format_tag::oihw),
          elements_.raw(), plan->weights, packed_.mutable_raw());
      packed_layout_ = plan->weights;
    }
    return {std::move(plan), packed_};
  }

  void Run(const Ready& ready, const Tensor& x, Tensor* y) {
    const Plan& plan = *ready.plan;
    const DnnlCalls::Argument arguments[] = {
        {DNNL_ARG_SRC, plan.src, x.raw()},
        {DNNL_ARG_WEIGHTS, plan.weights, ready.packed.raw()},
        {DNNL_ARG_BIAS, plan.bias, scaling_.bias.data()},
        {DNNL_ARG_DST, plan.dst, y->raw()},
        {DNNL_ARG_SCRATCHPAD, plan.scratch,
         context_->ScratchData(plan.scratch)},
        {kDnnlFactorsArgument, plan.bias, factors_.factor.data()}};
    absl::Span<const DnnlCalls::Argument> passed(arguments);
    if (!scaling_.passes_factors) passed.remove_suffix(1);
    calls_.Run(ready.plan, plan.primitive, passed, context_);
  }

  std::shared_ptr<const Plan> PlanFor(const Maps& maps) {
    // oneDNN plans its work for a number of threads when it compiles.
    const Key key = {maps.x.dim(0), maps.x.dim(1),    maps.x.dim(2),
                     maps.pads.top, maps.pads.bottom, NumThreads()};
    std::shared_ptr<const Plan>& plan = plans_[key];
    if (plan == nullptr) plan = std::make_shared<const Plan>(MakePlan(maps));
    return plan;
  }

  Plan MakePlan(const Maps& maps) const {
    const ConvParams& p = params();
    Plan plan;
    plan.src = NhwcDesc(maps.x, int8_params().x.type);
    plan.dst = NhwcDesc(maps.y, maps.y_type);
    plan.bias = memory::desc({weight_shape().dim(0)}, memory::data_type::f32,
                             memory::format_tag::a);
    const auto forward = ConvForward(
        context_->engine(), dnnl::prop_kind::forward_inference,
        dnnl::algorithm::convolution_direct,
        {plan.src,
         KernelDesc(weight_shape(), DType::kI8, memory::format_tag::any),
         plan.bias,
         plan.dst,
         {p.stride, p.stride},
         {p.dilation - 1, p.dilation - 1},
         {maps.pads.top, p.pad},
         {maps.pads.bottom, p.pad}},
        attributes_);
    plan.primitive = dnnl::convolution_forward(forward);
    plan.weights = forward.weights_desc();
    plan.scratch = forward.scratchpad_desc();
    return plan;
  }

  dnnl::post_ops PostOps() const {
    dnnl::post_ops post;
    const auto& residual = int8_params().residual;
    if (residual) {
      AppendSum(factors_.residual, DnnlType(residual->type), &post);
    }
    if (params().relu) AppendRelu(&post);
    return post;
  }

  using Key = std::array<int64_t, 6>;

  DnnlContext* const context_;
  const Tensor elements_;
  const Int8Factors factors_;
  dnnl::primitive_attr attributes_;
  const DnnlScaling scaling_;
  DnnlCalls calls_;
  std::mutex mutex_;  // of the rest
  // Of the last sizes: pictures of one have up to four in a layer (RowPass).
  // All layers' plans of one size of pictures take 3 to 5 MB, and a tenth of
  // the time of the first such picture.
  RecentMap<Key, std::shared_ptr<const Plan>> plans_{32};
  memory::desc packed_layout_;
  Tensor packed_;
};

}  // namespace

bool CpuHasInt8() { return HasIsa(dnnl::cpu_isa::avx512_core_vnni); }

absl::StatusOr<std::unique_ptr<Int8Convolution>> PrepareDnnlInt8Conv(
    const Int8ConvParams& params, const Int8Weights& weights,
    ConvAlgorithm algorithm, DnnlContext* context) {
  if (CpuHasAmx() &&
      AmxConv::Fits(params.conv, weights.elements.shape(), params.x.type)) {
    return PrepareAmxInt8Conv(params, weights);
  }
  std::unique_ptr<Int8Convolution> conv;
  RETURN_IF_ERROR(DnnlGuard(
      [&] {
        return absl::StrCat("int8 kernel ",
                            weights.elements.shape().ToString());
      },
      [&] {
        conv = absl::make_unique<DnnlInt8Conv>(params, weights, context);
      }));
  // Beside AMX Winograd's algorithm gains nothing.
  if (algorithm == ConvAlgorithm::kDirect || CpuHasAmx() ||
      !WinoInt8Conv::Fits(params, weights.elements.shape())) {
    return conv;
  }
  return MakeWinoOrDirect(algorithm, weights, std::move(conv));
}

}  // namespace fcis::kernels
