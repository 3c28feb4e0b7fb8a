#include "fcis/model/network_layer.h"

namespace fcis::model {

Tensor AsFloats(const absl::optional<kernels::Int8Code>& code,
                const Tensor& map, DType floats) {
  return code ? kernels::FromInt8(map, code->scale, floats) : map;
}

LayerRun DescribeRun(const NetworkLayer& layer, int64_t map_bytes,
                     DType floats) {
  const bool int8 = layer.int8 != nullptr;
  const ConvSpec& spec = layer.spec;
  LayerRun run;
  run.precision = int8 ? "int8" : DTypeName(floats);
  run.algorithm = "direct";
  run.bytes_read = map_bytes + spec.in * spec.out * spec.kernel * spec.kernel *
                                   DTypeSize(int8 ? DType::kI8 : floats);
  return run;
}

}  // namespace fcis::model
