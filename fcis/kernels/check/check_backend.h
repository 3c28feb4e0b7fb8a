// A backend that runs two others and stops at the first tensor on which they
// differ.
#ifndef FCIS_KERNELS_CHECK_CHECK_BACKEND_H_
#define FCIS_KERNELS_CHECK_CHECK_BACKEND_H_

#include <memory>

#include "fcis/kernels/backend.h"

namespace fcis::kernels {

// Results are those of `tested`; every op runs in both on the same inputs. An
// op whose results differ by more than rounding explains is an Internal error
// that names the op and its count since the start, the shapes, the first
// element that differs, both values and the tolerance. Both must have the same
// activation type (CHECKed).
std::unique_ptr<Backend> MakeCheckBackend(std::unique_ptr<Backend> tested,
                                          std::unique_ptr<Backend> oracle);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CHECK_CHECK_BACKEND_H_
