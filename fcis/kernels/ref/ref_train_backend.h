// Training by the definitions of the ops
// (fcis/kernels/bodies/body_train_backend.h) on the host's threads, and
// convolutions by plain loops: the oracle of the other training backends.
// Feature maps are f32 [N,H,W,C].
#ifndef FCIS_KERNELS_REF_REF_TRAIN_BACKEND_H_
#define FCIS_KERNELS_REF_REF_TRAIN_BACKEND_H_

#include <memory>

#include "fcis/kernels/train/train_backend.h"

namespace fcis::kernels {

// forward: the ref backend in f32.
std::unique_ptr<TrainBackend> MakeRefTrainBackend(
    std::unique_ptr<Backend> forward);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_REF_REF_TRAIN_BACKEND_H_
