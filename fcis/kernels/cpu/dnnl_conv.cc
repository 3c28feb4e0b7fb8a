#include "fcis/kernels/cpu/dnnl_conv.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "dnnl.hpp"
#include "fcis/core/base/parallel.h"

namespace fcis {
namespace {

using dnnl::memory;

memory::data_type DnnlType(DType type) {
  return type == DType::kBF16 ? memory::data_type::bf16
                              : memory::data_type::f32;
}

// oneDNN names extents in the order N,C,H,W whatever the layout.
memory::desc ActivationDesc(const Shape& nhwc, DType type) {
  return memory::desc({nhwc.dim(0), nhwc.dim(3), nhwc.dim(1), nhwc.dim(2)},
                      DnnlType(type), memory::format_tag::nhwc);
}

memory::dims WeightDims(const Shape& s) {
  return {s.dim(0), s.dim(1), s.dim(2), s.dim(3)};
}

memory View(const memory::desc& desc, const dnnl::engine& engine,
            const Tensor& t) {
  return memory(desc, engine, const_cast<void*>(t.raw()));
}

// A convolution compiled for one input shape.
struct Plan {
  dnnl::convolution_forward primitive;
  memory::desc src, weights, bias, dst, scratchpad;
};

// Everything a Plan depends on.
using PlanKey = std::array<int64_t, 15>;

class DnnlConv : public PreparedConv {
 public:
  DnnlConv(const ConvParams& params, const Tensor& weight, const Tensor& bias)
      : PreparedConv(params, weight.shape()),
        desc(WeightDims(weight.shape()), memory::data_type::f32,
             memory::format_tag::oihw),
        weight(weight),
        bias(bias) {}

  memory::desc desc;  // layout of `weight`
  Tensor weight;
  Tensor bias;
};

dnnl::primitive_attr Attributes(const ConvParams& params, bool residual) {
  dnnl::post_ops post;
  if (residual) post.append_sum(1.0f);
  if (params.relu) {
    post.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
  }
  dnnl::primitive_attr attr;
  attr.set_post_ops(post);
  // The primitives share one scratchpad: they run one after the other.
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

Plan MakePlan(const dnnl::engine& engine, DType compute, const DnnlConv& conv,
              const Shape& x, const Tensor& y, bool residual) {
  const ConvParams& p = conv.params();
  const memory::desc src = ActivationDesc(x, compute);
  const memory::desc dst = ActivationDesc(y.shape(), y.type());
  const memory::desc weights(WeightDims(conv.weight_shape()), DnnlType(compute),
                             memory::format_tag::any);
  const memory::desc bias({conv.weight_shape().dim(0)}, memory::data_type::f32,
                          memory::format_tag::a);
  const dnnl::convolution_forward::desc desc(
      dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
      src, weights, bias, dst, {p.stride, p.stride},
      {p.dilation - 1, p.dilation - 1}, {p.pad, p.pad}, {p.pad, p.pad});
  const dnnl::convolution_forward::primitive_desc pd(
      desc, Attributes(p, residual), engine);
  return {dnnl::convolution_forward(pd), src, pd.weights_desc(), bias, dst,
          pd.scratchpad_desc()};
}

PlanKey MakeKey(const DnnlConv& conv, const Shape& x, DType y, bool residual) {
  const ConvParams& p = conv.params();
  const Shape& w = conv.weight_shape();
  // oneDNN plans its work for a number of threads when it compiles.
  return {x.dim(0),    x.dim(1),
          x.dim(2),    x.dim(3),
          w.dim(0),    w.dim(2),
          w.dim(3),    p.stride,
          p.pad,       p.dilation,
          p.relu,      residual,
          w.dim(1),    static_cast<int>(y),
          NumThreads()};
}

}  // namespace

struct DnnlConvRunner::Impl {
  // Plans are dropped all at once when so many input shapes have come by.
  static constexpr size_t kMaxPlans = 1024;

  explicit Impl(DType type)
      : compute(type), engine(dnnl::engine::kind::cpu, 0), stream(engine) {}

  const Plan& GetPlan(const DnnlConv& conv, const Shape& x, const Tensor& y,
                      bool residual) {
    const PlanKey key = MakeKey(conv, x, y.type(), residual);
    const auto found = plans.find(key);
    if (found != plans.end()) return *found->second;
    if (plans.size() >= kMaxPlans) plans.clear();
    return *(plans[key] = absl::make_unique<Plan>(
                 MakePlan(engine, compute, conv, x, y, residual)));
  }

  void Reorder(const memory::desc& from, const Tensor& x,
               const memory::desc& to, Tensor* y) {
    memory source = View(from, engine, x), target = View(to, engine, *y);
    dnnl::reorder(source, target).execute(stream, source, target);
    stream.wait();
  }

  // The weights in the layout `to`; that of the previous run is given up.
  void PackWeights(const memory::desc& to, DnnlConv* conv) {
    if (conv->desc == to) return;
    Tensor packed(Shape{static_cast<int64_t>(to.get_size())}, DType::kU8);
    Reorder(conv->desc, conv->weight, to, &packed);
    conv->weight = packed;
    conv->desc = to;
  }

  void Execute(DnnlConv* conv, Tensor x, const Tensor* residual, Tensor* y) {
    const Plan& plan = GetPlan(*conv, x.shape(), *y, residual != nullptr);
    PackWeights(plan.weights, conv);
    if (x.type() != compute) {
      Tensor converted(x.shape(), compute);
      Reorder(ActivationDesc(x.shape(), x.type()), x, plan.src, &converted);
      x = converted;
    }
    if (residual != nullptr && residual->raw() != y->raw()) {
      std::memcpy(y->mutable_raw(), residual->raw(), y->num_bytes());
    }
    const int64_t scratch_bytes = plan.scratchpad.get_size();
    if (scratch.num_bytes() < scratch_bytes) {
      scratch = Tensor(Shape{scratch_bytes}, DType::kU8);
    }
    plan.primitive.execute(
        stream,
        {{DNNL_ARG_SRC, View(plan.src, engine, x)},
         {DNNL_ARG_WEIGHTS, View(plan.weights, engine, conv->weight)},
         {DNNL_ARG_BIAS, View(plan.bias, engine, conv->bias)},
         {DNNL_ARG_DST, View(plan.dst, engine, *y)},
         {DNNL_ARG_SCRATCHPAD, View(plan.scratchpad, engine, scratch)}});
    stream.wait();
  }

  const DType compute;
  dnnl::engine engine;
  dnnl::stream stream;
  Tensor scratch;
  absl::flat_hash_map<PlanKey, std::unique_ptr<Plan>> plans;
};

DnnlConvRunner::DnnlConvRunner(DType activation_type)
    : impl_(absl::make_unique<Impl>(activation_type)) {}

DnnlConvRunner::~DnnlConvRunner() = default;

absl::StatusOr<std::unique_ptr<PreparedConv>> DnnlConvRunner::Prepare(
    const ConvParams& params, const Tensor& weight, const Tensor& bias) {
  return absl::make_unique<DnnlConv>(params, weight, bias);
}

absl::Status DnnlConvRunner::Run(PreparedConv& conv, const Tensor& x,
                                 const Tensor* residual, Tensor* y) {
  try {
    impl_->Execute(static_cast<DnnlConv*>(&conv), x, residual, y);
  } catch (const dnnl::error& e) {
    return absl::InternalError(absl::StrCat(
        "oneDNN: ", e.what(), " (convolution of ", x.shape().ToString(),
        " with ", conv.weight_shape().ToString(), ")"));
  }
  return absl::OkStatus();
}

}  // namespace fcis
