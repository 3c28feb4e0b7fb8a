// How the indices of an op are spread over the blocks and threads of a GPU. An
// op is a body: a small struct whose operator()(int64_t index) const computes
// one index and writes what no other index writes. The device's kernel
// (fcis/kernels/device/compute_device.h) and tests call the same function for
// every thread, so that a machine without a GPU tests all but the spreading
// itself.
#ifndef FCIS_KERNELS_BODIES_LAUNCH_H_
#define FCIS_KERNELS_BODIES_LAUNCH_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"

namespace fcis::kernels {

struct LaunchShape {
  int64_t blocks = 1;  // along x: at most 2^31 - 1
  int threads = 256;   // of a block: at most 1024
};

// For `count` >= 0 indices; no blocks for none. More indices than kMaxBlocks
// blocks have threads for are taken in strides.
constexpr int64_t kMaxBlocks = int64_t{1} << 20;
inline LaunchShape ShapeFor(int64_t count) {
  LaunchShape shape;
  const int64_t blocks = count / shape.threads + (count % shape.threads != 0);
  shape.blocks = blocks < kMaxBlocks ? blocks : kMaxBlocks;
  return shape;
}

// What one thread does.
template <typename Body>
FCIS_HD inline void RunThread(const Body& body, int64_t count,
                              const LaunchShape& shape, int64_t block,
                              int thread) {
  const int64_t stride = shape.blocks * shape.threads;
  for (int64_t i = block * shape.threads + thread; i < count; i += stride) {
    body(i);
  }
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_LAUNCH_H_
