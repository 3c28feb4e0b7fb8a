// Training on the CPU: oneDNN convolutions, own vectorised loops for the rest.
#ifndef FCIS_KERNELS_CPU_CPU_TRAIN_BACKEND_H_
#define FCIS_KERNELS_CPU_CPU_TRAIN_BACKEND_H_

#include <memory>

#include "fcis/kernels/train/train_backend.h"

namespace fcis::kernels {

// forward: a cpu backend, whose activation type training takes over.
std::unique_ptr<TrainBackend> MakeCpuTrainBackend(
    std::unique_ptr<Backend> forward);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_CPU_TRAIN_BACKEND_H_
