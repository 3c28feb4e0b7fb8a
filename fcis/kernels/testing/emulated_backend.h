// The cuda backend on a machine without a GPU: its code around kernels and
// convolutions runs on a device that says that it is a GPU, whose memory only
// the backend may read, and convolutions are plain loops with cuDNN's gaps.
// Slow.
#ifndef FCIS_KERNELS_TESTING_EMULATED_BACKEND_H_
#define FCIS_KERNELS_TESTING_EMULATED_BACKEND_H_

#include <cstdint>
#include <memory>

#include "fcis/kernels/backend.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis::kernels {

std::unique_ptr<Backend> MakeEmulatedBackend(DType activation_type);

std::unique_ptr<TrainBackend> MakeEmulatedTrainBackend(DType activation_type);

// How often the host has waited for results of a backend made here (of a
// training one: its forward()).
int64_t EmulatedWaits(const Backend& backend);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TESTING_EMULATED_BACKEND_H_
