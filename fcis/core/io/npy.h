// The .npy format: one array with a small text header (NumPy, "format").
#ifndef FCIS_CORE_IO_NPY_H_
#define FCIS_CORE_IO_NPY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis {

// The array in `bytes`; bool becomes u8, float16 becomes f32, Fortran order is
// transposed. Errors begin with `name`: not .npy, object or string type,
// big-endian, extents that overflow or do not fit the bytes.
absl::StatusOr<Tensor> ParseNpy(absl::string_view bytes,
                                absl::string_view name);

// The bytes before the elements of such an array. Errors: bf16, which has no
// NumPy type, and f16, which is read only.
absl::StatusOr<std::string> NpyHeader(const Shape& shape, DType type);

}  // namespace fcis

#endif  // FCIS_CORE_IO_NPY_H_
