#include "fcis/kernels/cpu/dnnl_api.h"

#include <cstddef>
#include <tuple>

#include "absl/strings/match.h"

namespace fcis::kernels {

using dnnl::memory;

void AppendRelu(dnnl::post_ops* post) {
#if DNNL_VERSION_MAJOR >= 3
  post->append_eltwise(dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
#else
  post->append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
#endif
}

#if DNNL_VERSION_MAJOR >= 3

namespace {

const dnnl_dim_t* Extents(const memory::desc& desc, dnnl_query_t what) {
  const dnnl_dims_t* extents = nullptr;
  dnnl::error::wrap_c_api(dnnl_memory_desc_query(desc.get(), what, &extents),
                          "could not ask for a layout");
  return *extents;
}

// A pooling's dilation, which is between its kernel and its padding.
const std::tuple<memory::dims> kDense(memory::dims{0, 0});

}  // namespace

const int kDnnlFactorsArgument = DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS;

DnnlBlocking BlockingOf(const memory::desc& desc) {
  return {desc.get_ndims(),
          Extents(desc, dnnl_query_dims),
          Extents(desc, dnnl_query_padded_dims),
          Extents(desc, dnnl_query_strides),
          desc.get_inner_nblks(),
          Extents(desc, dnnl_query_inner_blks),
          Extents(desc, dnnl_query_inner_idxs)};
}

memory::dims DimsOf(const memory::desc& desc) { return desc.get_dims(); }

bool IsBlocked(const memory::desc& desc, memory::data_type type) {
  return desc.get_data_type() == type &&
         desc.get_format_kind() == memory::format_kind::blocked;
}

void AppendSum(float scale, memory::data_type type, dnnl::post_ops* post) {
  post->append_sum(scale, /*zero_point=*/0, type);
}

DnnlScaling SetFactors(const std::vector<float>& bias,
                       const std::vector<float>& factors,
                       dnnl::primitive_attr* attr) {
  constexpr int kPerOutput = 1 << 0;
  attr->set_scales_mask(DNNL_ARG_WEIGHTS, kPerOutput);
  // The bias is added to what is scaled.
  DnnlScaling scaling = {bias, true};
  for (size_t o = 0; o < bias.size(); ++o) scaling.bias[o] *= factors[o];
  return scaling;
}

void SetData(const memory& memory, const void* data,
             const dnnl::stream& /*stream*/) {
  memory.set_data_handle(const_cast<void*>(data));
}

#else

namespace {

const std::tuple<> kDense = {};  // of a pooling's dilation it knows nothing

}  // namespace

const int kDnnlFactorsArgument = 0;  // they are never passed

DnnlBlocking BlockingOf(const memory::desc& desc) {
  const dnnl_memory_desc_t& data = desc.data;
  const dnnl_blocking_desc_t& blocking = data.format_desc.blocking;
  return {data.ndims,           data.dims,
          data.padded_dims,     blocking.strides,
          blocking.inner_nblks, blocking.inner_blks,
          blocking.inner_idxs};
}

memory::dims DimsOf(const memory::desc& desc) { return desc.dims(); }

bool IsBlocked(const memory::desc& desc, memory::data_type type) {
  return desc.data_type() == type && desc.data.format_kind == dnnl_blocked;
}

void AppendSum(float scale, memory::data_type type, dnnl::post_ops* post) {
  post->append_sum(scale, type);
}

DnnlScaling SetFactors(const std::vector<float>& bias,
                       const std::vector<float>& factors,
                       dnnl::primitive_attr* attr) {
  constexpr int kPerOutput = 1 << 1;
  attr->set_output_scales(kPerOutput, factors);
  return {bias, false};
}

void SetData(const memory& memory, const void* data,
             const dnnl::stream& stream) {
  memory.set_data_handle(const_cast<void*>(data), stream);
}

#endif

namespace {

// From the arguments of oneDNN's own, and for a primitive that leads back the
// description of the one that leads there.
template <typename Primitive, typename Args, typename... Hint>
auto Make(const dnnl::engine& engine, const dnnl::primitive_attr& attr,
          const Args& args, const Hint&... hint) {
  using Desc = typename Primitive::primitive_desc;
  const auto make = [&](const auto&... arg) {
#if DNNL_VERSION_MAJOR >= 3
    return Desc(engine, arg..., hint..., attr);
#else
    return Desc({arg...}, attr, engine, hint...);
#endif
  };
  return std::apply(make, args);
}

template <typename... First>
auto PoolingArgs(const DnnlPoolArgs& a, const First&... first) {
  return std::tuple_cat(std::make_tuple(first..., dnnl::algorithm::pooling_max),
                        std::tie(a.src, a.dst, a.strides, a.kernel), kDense,
                        std::tie(a.begin, a.end));
}

}  // namespace

dnnl::convolution_forward::primitive_desc ConvForward(
    const dnnl::engine& engine, dnnl::prop_kind kind, dnnl::algorithm algorithm,
    const DnnlConvArgs& a, const dnnl::primitive_attr& attr) {
  return Make<dnnl::convolution_forward>(
      engine, attr,
      std::tie(kind, algorithm, a.src, a.weights, a.bias, a.dst, a.strides,
               a.dilates, a.begin, a.end));
}

dnnl::convolution_backward_data::primitive_desc ConvBackwardData(
    const dnnl::engine& engine, dnnl::algorithm algorithm,
    const DnnlConvArgs& a, const dnnl::primitive_attr& attr,
    const dnnl::convolution_forward::primitive_desc& hint) {
  return Make<dnnl::convolution_backward_data>(
      engine, attr,
      std::tie(algorithm, a.src, a.weights, a.dst, a.strides, a.dilates,
               a.begin, a.end),
      hint);
}

dnnl::convolution_backward_weights::primitive_desc ConvBackwardWeights(
    const dnnl::engine& engine, dnnl::algorithm algorithm,
    const DnnlConvArgs& a, const dnnl::primitive_attr& attr,
    const dnnl::convolution_forward::primitive_desc& hint) {
  return Make<dnnl::convolution_backward_weights>(
      engine, attr,
      std::tie(algorithm, a.src, a.weights, a.bias, a.dst, a.strides, a.dilates,
               a.begin, a.end),
      hint);
}

dnnl::pooling_forward::primitive_desc MaxPoolForward(const dnnl::engine& engine,
                                                     dnnl::prop_kind kind,
                                                     const DnnlPoolArgs& a) {
  return Make<dnnl::pooling_forward>(engine, {}, PoolingArgs(a, kind));
}

dnnl::pooling_backward::primitive_desc MaxPoolBackward(
    const dnnl::engine& engine, const DnnlPoolArgs& a,
    const dnnl::pooling_forward::primitive_desc& hint) {
  return Make<dnnl::pooling_backward>(engine, {}, PoolingArgs(a), hint);
}

dnnl::matmul::primitive_desc Product(const dnnl::engine& engine,
                                     const memory::desc& a,
                                     const memory::desc& b,
                                     const memory::desc& c,
                                     const dnnl::primitive_attr& attr,
                                     absl::string_view preferred) {
#if DNNL_VERSION_MAJOR >= 3
  const auto first = [&] {
    return dnnl::matmul::primitive_desc(engine, a, b, c, attr);
  };
#else
  // Iterating takes a description that lives on.
  const dnnl::matmul::desc description(a, b, c);
  const auto first = [&] {
    return dnnl::matmul::primitive_desc(description, attr, engine);
  };
#endif
  dnnl::matmul::primitive_desc product = first();
  do {
    if (absl::StartsWith(product.impl_info_str(), preferred)) return product;
  } while (product.next_impl());
  return first();
}

}  // namespace fcis::kernels
