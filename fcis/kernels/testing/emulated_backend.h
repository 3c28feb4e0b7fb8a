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

// What a backend's convolutions have done, and the bytes that are held of its
// device's memory.
struct EmulatedWork {
  int64_t prepared = 0, made = 0;
  int64_t forward = 0, gradients_of_x = 0, gradients_of_weight = 0;
  int64_t bytes = 0;
};

// Of a backend made here (of a training one: its forward()).
EmulatedWork EmulatedWorkOf(const Backend& backend);

// How often the host has waited for results of a backend made here (of a
// training one: its forward()).
int64_t EmulatedWaits(const Backend& backend);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TESTING_EMULATED_BACKEND_H_
