#include "fcis/kernels/cpu/cpu_train_backend.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/memory/memory.h"
#include "fcis/core/base/memory_limit.h"
#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/tensor/block_cache.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/cpu/cpu_channel_ops.h"
#include "fcis/kernels/cpu/cpu_psroi_gradient.h"
#include "fcis/kernels/cpu/dnnl_context.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/cpu/dnnl_maps.h"
#include "fcis/kernels/device/compute_device.h"
#include "fcis/kernels/train/host_parameter_math.h"

namespace fcis::kernels {
namespace {

FCIS_MULTIVERSION void CombineF32(const float* gate, const float* other,
                                  int64_t n, float* g) {
  if (other != nullptr) {
    for (int64_t i = 0; i < n; ++i) g[i] += other[i];
  }
  if (gate != nullptr) {
    for (int64_t i = 0; i < n; ++i) g[i] = gate[i] > 0 ? g[i] : 0.0f;
  }
}

FCIS_MULTIVERSION void CombineBf16(const uint16_t* gate, const uint16_t* other,
                                   int64_t n, uint16_t* g) {
  if (other != nullptr) {
    for (int64_t i = 0; i < n; ++i) {
      g[i] = ToBf16(FromBf16(g[i]) + FromBf16(other[i]));
    }
  }
  if (gate != nullptr) {
    for (int64_t i = 0; i < n; ++i) g[i] = FromBf16(gate[i]) > 0 ? g[i] : 0;
  }
}

// Blocks that stay in the level-1 cache between the two loops.
constexpr int64_t kBlock = 2048;

template <typename T>
void CombineAll(void (*combine)(const T*, const T*, int64_t, T*),
                const Tensor* gate, const Tensor* other, Tensor* g) {
  const auto at = [](const Tensor* map) {
    return map == nullptr ? nullptr : static_cast<const T*>(map->raw());
  };
  const T *gates = at(gate), *others = at(other);
  T* to = static_cast<T*>(g->mutable_raw());
  const int64_t n = g->num_bytes() / static_cast<int64_t>(sizeof(T));
  ParallelFor(n, 16 * kBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kBlock) {
      combine(gates == nullptr ? nullptr : gates + i,
              others == nullptr ? nullptr : others + i,
              std::min(kBlock, end - i), to + i);
    }
  });
}

class CpuTrainBackend : public TrainBackend {
 public:
  explicit CpuTrainBackend(std::unique_ptr<Backend> forward)
      : TrainBackend(std::move(forward), HostDevice::Shared(),
                     absl::make_unique<HostParameterMath>()) {}

  absl::Status Combine(const Tensor* gate, const Tensor* other,
                       Tensor* g) override {
    if (forward().activation_type() == DType::kF32) {
      CombineAll<float>(CombineF32, gate, other, g);
    } else {
      CombineAll<uint16_t>(CombineBf16, gate, other, g);
    }
    return absl::OkStatus();
  }

  absl::Status ChannelSums(const Tensor& a, const Tensor& b, double* sum,
                           double* product) override {
    CpuChannelSums(a, b, ChannelBlock(a), sum, product);
    return absl::OkStatus();
  }
  absl::StatusOr<Tensor> Affine(const ChannelAffine& affine, const Tensor& x,
                                const Tensor* other) override {
    Tensor y = AllocateIn(x.layout(), x.shape(), x.type());
    CpuAffine(affine, x, other, ChannelBlock(x), &y);
    return y;
  }

  absl::StatusOr<Tensor> MaxPoolGradient(const MaxPoolParams& params,
                                         const Tensor& x,
                                         const Tensor& gy) override {
    return DnnlMaxPoolGradient(params, x, gy, &context_);
  }

  absl::Status PsroiMeanGradient(const PsroiParams& params, const Tensor& rois,
                                 const Tensor& gy, Tensor* gmaps) override {
    CpuPsroiMeanGradient(params, rois, gy, gmaps);
    return absl::OkStatus();
  }
  absl::Status PsroiClassGradient(const PsroiParams& params, const Tensor& maps,
                                  const Tensor& rois, const Tensor& gscores,
                                  const Tensor& classes, const Tensor& gpairs,
                                  Tensor* gmaps) override {
    CpuPsroiClassGradient(params, maps, rois, gscores, classes, gpairs, gmaps);
    return absl::OkStatus();
  }

 private:
  DnnlContext context_;
};

}  // namespace

std::unique_ptr<TrainBackend> MakeCpuTrainBackend(
    std::unique_ptr<Backend> forward) {
  // Where a container has little, less is kept: it would be killed, not told.
  BlockCache::Global().KeepAtLeast(
      std::min(kMostKeptForMaps, FindMemoryLeft().bytes / 4));
  return absl::make_unique<CpuTrainBackend>(std::move(forward));
}

}  // namespace fcis::kernels
