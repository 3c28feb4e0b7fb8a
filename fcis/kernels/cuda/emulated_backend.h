// The cuda backend on a machine without a GPU, for tests: its own kernels run
// on the host, its maps are in memory that only the backend may read, and its
// convolutions' sums are ref's. Slow.
#ifndef FCIS_KERNELS_CUDA_EMULATED_BACKEND_H_
#define FCIS_KERNELS_CUDA_EMULATED_BACKEND_H_

#include <cstdint>
#include <memory>

#include "fcis/kernels/backend.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis::kernels {

// records: as in BodyBackend.
std::unique_ptr<Backend> MakeEmulatedBackend(DType activation_type,
                                             bool records = true);

std::unique_ptr<TrainBackend> MakeEmulatedTrainBackend(DType activation_type);

// Of a backend made here (a training one's forward()): how often the host has
// waited for results, and how often a recorded network was repeated.
int64_t EmulatedWaits(Backend& backend);
int64_t EmulatedRepeats(Backend& backend);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_EMULATED_BACKEND_H_
