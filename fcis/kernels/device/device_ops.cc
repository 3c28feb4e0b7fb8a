#include "fcis/kernels/device/device_ops.h"

#include <algorithm>

#include "absl/base/internal/raw_logging.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/bodies/extents.h"
#include "fcis/kernels/map_type.h"

namespace fcis::kernels {
namespace {

template <typename From, typename To>
absl::Status ConvertOf(ComputeDevice* device, const Tensor& x, Tensor* y) {
  return ForEach(
      device, ConvertBody<From, To>{Elements<From>(x), MutableElements<To>(y)},
      x.num_elements());
}

}  // namespace

absl::StatusOr<Tensor> ConvertOn(ComputeDevice* device, const Tensor& x,
                                 DType type) {
  ASSIGN_OR_RETURN(Tensor y, device->Allocate(x.shape(), type));
  const bool widens = type == DType::kF32;
  RETURN_IF_ERROR(WithNarrowType(widens ? x.type() : type, [&](auto t) {
    using T = MapElement<decltype(t)>;
    return widens ? ConvertOf<T, float>(device, x, &y)
                  : ConvertOf<float, T>(device, x, &y);
  }));
  return y;
}

absl::StatusOr<Tensor> ChannelTotalsOn(ComputeDevice* device, const Tensor& a,
                                       const Tensor& b) {
  RETURN_IF_ERROR(CheckExtents(a.shape()));
  const int channels = static_cast<int>(a.dim(-1));
  const int64_t pixels = a.num_elements() / channels;
  const int64_t parts = PartsOf(pixels);
  // Sums and products of the parts, then of everything.
  ASSIGN_OR_RETURN(Tensor of_parts,
                   device->Allocate({2, parts, channels}, DType::kF64));
  ASSIGN_OR_RETURN(Tensor totals, device->Allocate({2, channels}, DType::kF64));
  double* const parts_to = MutableElements<double>(&of_parts);
  double* const to = MutableElements<double>(&totals);
  RETURN_IF_ERROR(WithMapType(a.type(), [&](auto t) {
    using T = MapElement<decltype(t)>;
    const ChannelPartsBody<T> body = {
        pixels,         channels, Elements<T>(a),
        Elements<T>(b), parts_to, parts_to + parts * channels};
    return ForEach(device, body, parts * channels);
  }));
  RETURN_IF_ERROR(
      ForEach(device,
              ChannelTotalsBody{parts, channels, parts_to,
                                parts_to + parts * channels, to, to + channels},
              channels));
  return totals;
}

absl::StatusOr<Tensor> SegmentFactors(const OutputFactors& factors,
                                      ComputeDevice* device) {
  if (factors.all_one()) return Tensor();
  const int64_t length = factors.segment();
  Tensor host({factors.size() / length});
  for (int64_t s = 0; s < host.num_elements(); ++s) {
    const float* segment = factors.of_segment(s);
    ABSL_RAW_CHECK(std::all_of(segment, segment + length,
                               [&](float f) { return f == segment[0]; }),
                   "a segment has several factors");
    host.mutable_data<float>()[s] = segment[0];
  }
  return device->ToDevice(host);
}

FactorOf FactorsIn(const OutputFactors& factors, const Tensor& prepared) {
  if (factors.all_one()) return {nullptr, 1};
  return {Elements<float>(prepared), factors.segment()};
}

}  // namespace fcis::kernels
