#include "fcis/kernels/cpu/dnnl_train_conv.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "dnnl.hpp"
#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cpu/dilation_phases.h"
#include "fcis/kernels/cpu/dnnl_layout.h"

namespace fcis {
namespace {

using dnnl::memory;

memory::dims Dims(const Shape& s) {
  return {s.dim(0), s.dim(1), s.dim(2), s.dim(3)};
}

memory::desc KernelDesc(const Shape& shape, DType type,
                        memory::format_tag tag) {
  return memory::desc(Dims(shape), DnnlType(type), tag);
}

memory::desc BiasDesc(int64_t outputs) {
  return memory::desc({outputs}, memory::data_type::f32, memory::format_tag::a);
}

// Memory for a tensor of layout `desc`.
Tensor Allocate(const memory::desc& desc) {
  return Tensor(Shape{static_cast<int64_t>(desc.get_size())}, DType::kU8);
}

FCIS_MULTIVERSION void AddTo(const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

void ParallelAddTo(const float* x, int64_t n, float* y) {
  ParallelFor(n, 1 << 16, [&](int64_t begin, int64_t end) {
    AddTo(x + begin, end - begin, y + begin);
  });
}

// Winograd's algorithm (Lavin and Gray, 2016) takes a third of the products of
// such kernels; oneDNN has it for f32 and AVX-512.
bool FitsWinograd(const ConvParams& p, const Shape& weight) {
  return weight.dim(2) == 3 && weight.dim(3) == 3 && p.stride == 1 &&
         p.dilation == 1;
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

// One convolution compiled for one input shape.
struct Plan {
  memory::desc src, dst;
  dnnl::convolution_forward forward;
  memory::desc forward_weights, forward_scratch;
  dnnl::convolution_backward_data by_data;
  memory::desc data_weights, data_scratch;
  dnnl::convolution_backward_weights by_weights;
  memory::desc weights_gradient, weights_scratch;
};

// Everything a Plan depends on.
using PlanKey = std::array<int64_t, 14>;

class DnnlTrainConv : public TrainConv {
 public:
  // phases: 1, or the dilation that is done by phases.
  DnnlTrainConv(DnnlTrainer::Impl* trainer, const ConvParams& params,
                int phases, const Shape& shape, const memory::desc& stored,
                absl::Span<const float> factors)
      : TrainConv(params, shape),
        trainer_(trainer),
        phases(phases),
        run_params(phases > 1 ? Undilated(params) : params),
        stored(stored),
        folded_desc(stored),
        factors_(FactorsOf(stored, factors)),
        bias(Shape{shape.dim(0)}) {}

  const OutputFactors& factors() const override { return factors_; }
  std::string layout() const override { return LayoutName(stored); }
  void ToStored(const Tensor& weight, float* to) const override;
  Tensor FromStored(const float* from) const override;

  absl::Status Set(const float* from, const float* new_bias) override {
    // The last step's may have become the layout of its forward pass.
    if (folded_desc != stored || folded.num_bytes() == 0) {
      folded = Allocate(stored);
      folded_desc = stored;
    }
    factors_.Apply(from, static_cast<float*>(folded.mutable_raw()));
    std::copy_n(new_bias, bias.num_elements(), bias.mutable_data<float>());
    return absl::OkStatus();
  }

 private:
  DnnlTrainer::Impl* trainer_;

 public:
  const int phases;
  const ConvParams run_params;  // of the convolution of the phases
  const memory::desc stored;
  memory::desc folded_desc;  // layout of `folded`
  const OutputFactors factors_;
  Tensor folded;  // factor * w
  Tensor bias;
};

}  // namespace

struct DnnlTrainer::Impl {
  // Plans are dropped all at once when so many input shapes have come by.
  static constexpr size_t kMaxPlans = 2048;

  explicit Impl(DType type)
      : compute(type), engine(dnnl::engine::kind::cpu, 0), stream(engine) {
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  }

  memory View(const memory::desc& desc, const void* data) {
    return memory(desc, engine, const_cast<void*>(data));
  }

  void Reorder(const memory::desc& from, const void* x, const memory::desc& to,
               void* y) {
    memory source = View(from, x), target = View(to, y);
    dnnl::reorder(source, target).execute(stream, source, target);
    stream.wait();
  }

  memory Scratch(const memory::desc& desc) {
    const int64_t bytes = desc.get_size();
    if (scratch.num_bytes() < bytes) scratch = Tensor(Shape{bytes}, DType::kU8);
    return View(desc, scratch.raw());
  }

  Plan MakePlan(const ConvParams& p, const Shape& weight, const Shape& x,
                const Shape& y, bool residual) {
    Plan plan;
    plan.src = FeatureDesc(x, compute);
    plan.dst = FeatureDesc(y, compute);
    const memory::desc any =
        KernelDesc(weight, compute, memory::format_tag::any);
    const memory::desc bias = BiasDesc(weight.dim(0));
    const memory::dims strides = {p.stride, p.stride};
    const memory::dims dilates = {p.dilation - 1, p.dilation - 1};
    const memory::dims pads = {p.pad, p.pad};
    dnnl::post_ops post;
    if (residual) post.append_sum(1.0f);
    if (p.relu) {
      post.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    }
    dnnl::primitive_attr forward_attr;  // a copy of attr would be attr itself
    forward_attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    forward_attr.set_post_ops(post);
    const auto forward_desc = [&](dnnl::algorithm algorithm,
                                  dnnl::prop_kind kind,
                                  const dnnl::primitive_attr& with) {
      return dnnl::convolution_forward::primitive_desc(
          dnnl::convolution_forward::desc(kind, algorithm, plan.src, any, bias,
                                          plan.dst, strides, dilates, pads,
                                          pads),
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

    const memory::desc gradient =
        KernelDesc(weight, DType::kF32, memory::format_tag::any);
    const auto by_weights = Fastest(winograd, [&](dnnl::algorithm algorithm) {
      return dnnl::convolution_backward_weights::primitive_desc(
          dnnl::convolution_backward_weights::desc(
              algorithm, plan.src, gradient, bias, plan.dst, strides, dilates,
              pads, pads),
          attr, engine, hint(algorithm));
    });
    plan.by_weights = dnnl::convolution_backward_weights(by_weights);
    plan.weights_gradient = by_weights.diff_weights_desc();
    plan.weights_scratch = by_weights.scratchpad_desc();
    return plan;
  }

  const Plan& GetPlan(const DnnlTrainConv& conv, const Shape& x, const Shape& y,
                      bool residual) {
    const ConvParams& p = conv.run_params;
    const Shape& w = conv.weight_shape();
    // oneDNN plans its work for a number of threads when it compiles.
    const PlanKey key = {x.dim(0), x.dim(1), x.dim(2), x.dim(3),    w.dim(0),
                         w.dim(2), w.dim(3), p.stride, p.pad,       p.dilation,
                         p.relu,   residual, w.dim(1), NumThreads()};
    const auto found = plans.find(key);
    if (found != plans.end()) return *found->second;
    if (plans.size() >= kMaxPlans) plans.clear();
    return *(plans[key] =
                 absl::make_unique<Plan>(MakePlan(p, w, x, y, residual)));
  }

  // A map cut into phases, and back.
  FeatureMap Split(const FeatureMap& map, int phases) {
    const Shape shape = PhasesOf(map.shape, phases);
    FeatureMap split = {shape, Allocate(FeatureDesc(shape, compute))};
    ToPhases(map.shape, ChannelBlock(map.shape, compute), phases,
             static_cast<const float*>(map.data.raw()),
             static_cast<float*>(split.data.mutable_raw()));
    return split;
  }
  FeatureMap Join(const FeatureMap& split, const Shape& shape, int phases) {
    FeatureMap map = {shape, Allocate(FeatureDesc(shape, compute))};
    FromPhases(shape, ChannelBlock(shape, compute), phases,
               static_cast<const float*>(split.data.raw()),
               static_cast<float*>(map.data.mutable_raw()));
    return map;
  }

  FeatureMap Forward(DnnlTrainConv* conv, const FeatureMap& x,
                     const Shape& shape, const FeatureMap* residual) {
    const Plan& plan = GetPlan(*conv, x.shape, shape, residual != nullptr);
    if (conv->folded_desc != plan.forward_weights) {
      Tensor packed = Allocate(plan.forward_weights);
      Reorder(conv->folded_desc, conv->folded.raw(), plan.forward_weights,
              packed.mutable_raw());
      conv->folded = packed;
      conv->folded_desc = plan.forward_weights;
    }
    FeatureMap y = {shape, Allocate(plan.dst)};
    if (residual != nullptr) {
      const char* from = static_cast<const char*>(residual->data.raw());
      char* to = static_cast<char*>(y.data.mutable_raw());
      ParallelFor(y.data.num_bytes(), 1 << 18, [&](int64_t begin, int64_t end) {
        std::memcpy(to + begin, from + begin, end - begin);
      });
    }
    plan.forward.execute(
        stream,
        {{DNNL_ARG_SRC, View(plan.src, x.data.raw())},
         {DNNL_ARG_WEIGHTS, View(plan.forward_weights, conv->folded.raw())},
         {DNNL_ARG_BIAS, View(BiasDesc(shape.dim(3)), conv->bias.raw())},
         {DNNL_ARG_DST, View(plan.dst, y.data.raw())},
         {DNNL_ARG_SCRATCHPAD, Scratch(plan.forward_scratch)}});
    stream.wait();
    return y;
  }

  void ByData(const Plan& plan, const DnnlTrainConv& conv, const FeatureMap& x,
              const FeatureMap& gy, FeatureMap* gx) {
    const void* weights = conv.folded.raw();
    Tensor packed;
    if (conv.folded_desc != plan.data_weights) {
      packed = Allocate(plan.data_weights);
      Reorder(conv.folded_desc, weights, plan.data_weights,
              packed.mutable_raw());
      weights = packed.raw();
    }
    *gx = {x.shape, Allocate(plan.src)};
    plan.by_data.execute(stream,
                         {{DNNL_ARG_DIFF_DST, View(plan.dst, gy.data.raw())},
                          {DNNL_ARG_WEIGHTS, View(plan.data_weights, weights)},
                          {DNNL_ARG_DIFF_SRC, View(plan.src, gx->data.raw())},
                          {DNNL_ARG_SCRATCHPAD, Scratch(plan.data_scratch)}});
    stream.wait();
  }

  void ByWeights(const Plan& plan, const DnnlTrainConv& conv,
                 const FeatureMap& x, const FeatureMap& gy, bool add,
                 float* gweight, float* gbias) {
    const int64_t outputs = conv.weight_shape().dim(0);
    // Winograd's kernels store whole cache lines.
    constexpr uintptr_t kLine = 64;
    const bool direct = !add && plan.weights_gradient == conv.stored &&
                        reinterpret_cast<uintptr_t>(gweight) % kLine == 0;
    Tensor sums = direct ? Tensor() : Allocate(plan.weights_gradient);
    Tensor bias_sums(Shape{outputs});
    plan.by_weights.execute(
        stream, {{DNNL_ARG_SRC, View(plan.src, x.data.raw())},
                 {DNNL_ARG_DIFF_DST, View(plan.dst, gy.data.raw())},
                 {DNNL_ARG_DIFF_WEIGHTS,
                  View(plan.weights_gradient, direct ? gweight : sums.raw())},
                 {DNNL_ARG_DIFF_BIAS, View(BiasDesc(outputs), bias_sums.raw())},
                 {DNNL_ARG_SCRATCHPAD, Scratch(plan.weights_scratch)}});
    stream.wait();
    if (add) {
      AddTo(bias_sums.data<float>(), outputs, gbias);
    } else {
      std::copy_n(bias_sums.data<float>(), outputs, gbias);
    }
    if (direct) return;
    if (plan.weights_gradient != conv.stored) {
      Tensor stored = Allocate(conv.stored);
      Reorder(plan.weights_gradient, sums.raw(), conv.stored,
              stored.mutable_raw());
      sums = stored;
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
  dnnl::engine engine;
  dnnl::stream stream;
  dnnl::primitive_attr attr;
  Tensor scratch;
  absl::flat_hash_map<PlanKey, std::unique_ptr<Plan>> plans;
};

namespace {

void DnnlTrainConv::ToStored(const Tensor& weight, float* to) const {
  trainer_->Reorder(
      KernelDesc(weight_shape(), DType::kF32, memory::format_tag::oihw),
      weight.raw(), stored, to);
}

Tensor DnnlTrainConv::FromStored(const float* from) const {
  Tensor weight(weight_shape());
  trainer_->Reorder(
      stored, from,
      KernelDesc(weight_shape(), DType::kF32, memory::format_tag::oihw),
      weight.mutable_raw());
  return weight;
}

// Runs `body`; oneDNN's exceptions become errors that name the work.
absl::Status Guard(const std::function<std::string()>& what,
                   const std::function<void()>& body) {
  // oneDNN asks the calling thread's OpenMP setting, which a thread that has
  // not called SetNumThreads lacks.
  SetNumThreads(NumThreads());
  try {
    body();
  } catch (const dnnl::error& e) {
    return absl::InternalError(
        absl::StrCat("oneDNN: ", e.what(), " (", what(), ")"));
  }
  return absl::OkStatus();
}

std::string Describe(const TrainConv& conv, const FeatureMap& x) {
  return absl::StrCat("convolution of ", x.shape.ToString(), " with ",
                      conv.weight_shape().ToString(), " in training");
}

struct PoolDescs {
  memory::desc src, dst;
  dnnl::pooling_forward::primitive_desc forward;
};

PoolDescs MakePool(const MaxPoolParams& p, const Shape& x, const Shape& y,
                   DType compute, const dnnl::engine& engine) {
  PoolDescs pool;
  pool.src = FeatureDesc(x, compute);
  pool.dst = FeatureDesc(y, compute);
  // The far border cuts windows off: padding, which never is the largest.
  const auto far = [&](int axis) {
    return (y.dim(axis) - 1) * p.stride + p.kernel - x.dim(axis);
  };
  pool.forward = dnnl::pooling_forward::primitive_desc(
      dnnl::pooling_forward::desc(
          dnnl::prop_kind::forward_training, dnnl::algorithm::pooling_max,
          pool.src, pool.dst, {p.stride, p.stride}, {p.kernel, p.kernel},
          {0, 0}, {far(1), far(2)}),
      engine);
  return pool;
}

}  // namespace

DnnlTrainer::DnnlTrainer(DType activation_type)
    : impl_(absl::make_unique<Impl>(activation_type)) {}

DnnlTrainer::~DnnlTrainer() = default;

absl::StatusOr<FeatureMap> DnnlTrainer::Import(const Tensor& nhwc) {
  const memory::desc to = FeatureDesc(nhwc.shape(), impl_->compute);
  FeatureMap map = {nhwc.shape(), Allocate(to)};
  RETURN_IF_ERROR(
      Guard([&] { return absl::StrCat("import of ", nhwc.shape().ToString()); },
            [&] {
              impl_->Reorder(NhwcDesc(nhwc.shape(), nhwc.type()), nhwc.raw(),
                             to, map.data.mutable_raw());
            }));
  return map;
}

absl::StatusOr<Tensor> DnnlTrainer::Export(const FeatureMap& map, DType type) {
  Tensor nhwc(map.shape, type);
  RETURN_IF_ERROR(Guard(
      [&] { return absl::StrCat("export of ", map.shape.ToString()); },
      [&] {
        impl_->Reorder(FeatureDesc(map.shape, impl_->compute), map.data.raw(),
                       NhwcDesc(map.shape, type), nhwc.mutable_raw());
      }));
  return nhwc;
}

absl::StatusOr<std::unique_ptr<TrainConv>> DnnlTrainer::MakeConv(
    const ConvParams& params, const Shape& weight_shape,
    absl::Span<const float> factors) {
  std::unique_ptr<TrainConv> conv;
  RETURN_IF_ERROR(Guard(
      [&] { return absl::StrCat("kernel ", weight_shape.ToString()); },
      [&] {
        // Stored as the gradient of a map of usual size comes out.
        const Shape x = {1, 40, 64, weight_shape.dim(1)};
        const bool by_phases = FitsPhases(params, weight_shape, impl_->compute);
        const ConvParams run = by_phases ? Undilated(params) : params;
        const absl::StatusOr<Shape> y =
            ops::InferConvShape(run, x, weight_shape);
        const Plan plan =
            impl_->MakePlan(run, weight_shape, x, *y, /*residual=*/false);
        conv = absl::make_unique<DnnlTrainConv>(
            impl_.get(), params, by_phases ? params.dilation : 1, weight_shape,
            plan.weights_gradient, factors);
      }));
  return conv;
}

absl::StatusOr<FeatureMap> DnnlTrainer::Conv(TrainConv& conv,
                                             const FeatureMap& x,
                                             const FeatureMap* residual) {
  ASSIGN_OR_RETURN(
      const Shape shape,
      ops::InferConvShape(conv.params(), x.shape, conv.weight_shape()));
  auto* dnnl_conv = static_cast<DnnlTrainConv*>(&conv);
  const int phases = dnnl_conv->phases;
  FeatureMap y;
  RETURN_IF_ERROR(Guard(
      [&] { return Describe(conv, x); },
      [&] {
        if (phases == 1) {
          y = impl_->Forward(dnnl_conv, x, shape, residual);
          return;
        }
        FeatureMap split;
        if (residual != nullptr) split = impl_->Split(*residual, phases);
        y = impl_->Join(impl_->Forward(dnnl_conv, impl_->Split(x, phases),
                                       PhasesOf(shape, phases),
                                       residual == nullptr ? nullptr : &split),
                        shape, phases);
      }));
  return y;
}

absl::Status DnnlTrainer::ConvGradient(TrainConv& conv, const FeatureMap& x,
                                       const FeatureMap& gy, bool add,
                                       float* gweight, float* gbias,
                                       FeatureMap* gx) {
  auto& dnnl_conv = static_cast<DnnlTrainConv&>(conv);
  const int phases = dnnl_conv.phases;
  return Guard(
      [&] { return Describe(conv, x); },
      [&] {
        const FeatureMap in = phases == 1 ? x : impl_->Split(x, phases);
        const FeatureMap g = phases == 1 ? gy : impl_->Split(gy, phases);
        const Plan& plan = impl_->GetPlan(dnnl_conv, in.shape, g.shape, false);
        if (gx != nullptr) {
          impl_->ByData(plan, dnnl_conv, in, g, gx);
          if (phases > 1) *gx = impl_->Join(*gx, x.shape, phases);
        }
        impl_->ByWeights(plan, dnnl_conv, in, g, add, gweight, gbias);
      });
}

absl::StatusOr<FeatureMap> DnnlTrainer::MaxPool(const MaxPoolParams& params,
                                                const FeatureMap& x) {
  ASSIGN_OR_RETURN(const Shape shape, ops::InferMaxPoolShape(params, x.shape));
  FeatureMap y;
  RETURN_IF_ERROR(Guard(
      [&] { return absl::StrCat("max pooling of ", x.shape.ToString()); },
      [&] {
        const PoolDescs pool =
            MakePool(params, x.shape, shape, impl_->compute, impl_->engine);
        y = {shape, Allocate(pool.dst)};
        const memory::desc space = pool.forward.workspace_desc();
        const Tensor workspace = Allocate(space);
        dnnl::pooling_forward(pool.forward)
            .execute(
                impl_->stream,
                {{DNNL_ARG_SRC, impl_->View(pool.src, x.data.raw())},
                 {DNNL_ARG_DST, impl_->View(pool.dst, y.data.raw())},
                 {DNNL_ARG_WORKSPACE, impl_->View(space, workspace.raw())}});
        impl_->stream.wait();
      }));
  return y;
}

absl::StatusOr<FeatureMap> DnnlTrainer::MaxPoolGradient(
    const MaxPoolParams& params, const FeatureMap& x, const FeatureMap& gy) {
  FeatureMap gx;
  RETURN_IF_ERROR(Guard(
      [&] { return absl::StrCat("max pooling of ", x.shape.ToString()); },
      [&] {
        const PoolDescs pool =
            MakePool(params, x.shape, gy.shape, impl_->compute, impl_->engine);
        // The forward pass once more: cheaper than to keep where the largest
        // values were.
        const memory::desc space = pool.forward.workspace_desc();
        const Tensor workspace = Allocate(space), y = Allocate(pool.dst);
        const memory at = impl_->View(space, workspace.raw());
        dnnl::pooling_forward(pool.forward)
            .execute(impl_->stream,
                     {{DNNL_ARG_SRC, impl_->View(pool.src, x.data.raw())},
                      {DNNL_ARG_DST, impl_->View(pool.dst, y.raw())},
                      {DNNL_ARG_WORKSPACE, at}});
        const auto far = [&](int axis) {
          return (gy.shape.dim(axis) - 1) * params.stride + params.kernel -
                 x.shape.dim(axis);
        };
        const dnnl::pooling_backward::primitive_desc backward(
            dnnl::pooling_backward::desc(
                dnnl::algorithm::pooling_max, pool.src, pool.dst,
                {params.stride, params.stride}, {params.kernel, params.kernel},
                {0, 0}, {far(1), far(2)}),
            impl_->engine, pool.forward);
        gx = {x.shape, Allocate(pool.src)};
        dnnl::pooling_backward(backward).execute(
            impl_->stream,
            {{DNNL_ARG_DIFF_DST, impl_->View(pool.dst, gy.data.raw())},
             {DNNL_ARG_WORKSPACE, at},
             {DNNL_ARG_DIFF_SRC, impl_->View(pool.src, gx.data.raw())}});
        impl_->stream.wait();
      }));
  return gx;
}

}  // namespace fcis
