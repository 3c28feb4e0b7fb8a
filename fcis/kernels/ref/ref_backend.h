// The reference backend, the oracle of the others: every op by its definition
// (fcis/kernels/bodies) on the host's threads, in float32 in the order that
// fcis/kernels/ops states; convolutions as plain loops that accumulate in
// double (plain_convs.h).
#ifndef FCIS_KERNELS_REF_REF_BACKEND_H_
#define FCIS_KERNELS_REF_REF_BACKEND_H_

#include <memory>

#include "fcis/kernels/backend.h"

namespace fcis::kernels {

// activation_type: f32, bf16 or f16 (feature maps are rounded when stored).
// int8: whether it computes with weights of 8 bits.
std::unique_ptr<Backend> MakeRefBackend(DType activation_type,
                                        bool int8 = false);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_REF_REF_BACKEND_H_
