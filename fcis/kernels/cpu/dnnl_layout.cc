#include "fcis/kernels/cpu/dnnl_layout.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/kernels/cpu/dnnl_api.h"

namespace fcis::kernels {
namespace {

using dnnl::memory;

constexpr int kKernelRank = 4;

// Elements of an innermost block; 1: a plain layout.
int64_t BlockSize(const DnnlBlocking& blocking) {
  return std::accumulate(blocking.inner_blks,
                         blocking.inner_blks + blocking.inner_nblks, int64_t{1},
                         [](int64_t a, int64_t b) { return a * b; });
}

// Output offset of each element of an innermost block.
std::vector<int32_t> BlockPattern(const DnnlBlocking& blocking) {
  std::vector<int32_t> pattern(BlockSize(blocking));
  for (size_t i = 0; i < pattern.size(); ++i) {
    int64_t rest = i;
    int32_t place = 1, offset = 0;  // the innermost factor counts singles
    for (int b = blocking.inner_nblks - 1; b >= 0; --b) {
      const int64_t digit = rest % blocking.inner_blks[b];
      rest /= blocking.inner_blks[b];
      if (blocking.inner_idxs[b] != 0) continue;
      offset += static_cast<int32_t>(digit) * place;
      place *= static_cast<int32_t>(blocking.inner_blks[b]);
    }
    pattern[i] = offset;
  }
  return pattern;
}

// Extents in whole blocks, and the block's length along each axis.
struct Outer {
  int64_t extent[kKernelRank];
  int64_t block[kKernelRank];
};

Outer OuterOf(const DnnlBlocking& blocking) {
  Outer outer;
  std::fill_n(outer.block, kKernelRank, 1);
  for (int b = 0; b < blocking.inner_nblks; ++b) {
    outer.block[blocking.inner_idxs[b]] *= blocking.inner_blks[b];
  }
  for (int d = 0; d < kKernelRank; ++d) {
    outer.extent[d] = blocking.padded_dims[d] / outer.block[d];
  }
  return outer;
}

// First output of every block, by position in memory.
std::vector<int32_t> FirstOutputs(const DnnlBlocking& blocking,
                                  int64_t blocks) {
  const int64_t size = BlockSize(blocking);
  const Outer outer = OuterOf(blocking);
  std::vector<int32_t> first(blocks);
  int64_t at[kKernelRank];
  for (int64_t i = 0; i < blocks; ++i) {
    int64_t rest = i, offset = 0;
    for (int d = kKernelRank - 1; d >= 0; --d) {
      at[d] = rest % outer.extent[d];
      rest /= outer.extent[d];
      offset += at[d] * blocking.strides[d];
    }
    first[offset / size] = static_cast<int32_t>(at[0] * outer.block[0]);
  }
  return first;
}

}  // namespace

memory::data_type DnnlType(DType type) {
  switch (type) {
    case DType::kBF16:
      return memory::data_type::bf16;
    case DType::kU8:
      return memory::data_type::u8;
    case DType::kI8:
      return memory::data_type::s8;
    default:
      return memory::data_type::f32;
  }
}

bool HasIsa(dnnl::cpu_isa wanted) {
  const int isa = static_cast<int>(dnnl::get_effective_cpu_isa());
  return (isa & static_cast<int>(wanted)) == static_cast<int>(wanted);
}

bool CpuHasAmx() {
#ifdef SYS_arch_prctl
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  static const bool granted =
      HasIsa(dnnl::cpu_isa::avx512_core_amx) &&
      syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted;
#else
  return false;
#endif
}

memory::desc NhwcDesc(const Shape& nhwc, DType type) {
  return memory::desc({nhwc.dim(0), nhwc.dim(3), nhwc.dim(1), nhwc.dim(2)},
                      DnnlType(type), memory::format_tag::nhwc);
}

memory::desc FeatureDesc(const Shape& nhwc, DType type) {
  constexpr int64_t kPictureChannels = 4;
  memory::format_tag tag = memory::format_tag::nhwc;
  if (type == DType::kF32 && nhwc.dim(3) < kPictureChannels) {
    tag = memory::format_tag::nchw;
  } else if (type == DType::kF32 && HasIsa(dnnl::cpu_isa::avx512_core)) {
    tag = memory::format_tag::nChw16c;
  } else if (type == DType::kF32 && HasIsa(dnnl::cpu_isa::avx2)) {
    tag = memory::format_tag::nChw8c;
  }
  return memory::desc({nhwc.dim(0), nhwc.dim(3), nhwc.dim(1), nhwc.dim(2)},
                      DnnlType(type), tag);
}

memory::desc MapDesc(Layout layout, const Shape& nhwc, DType type) {
  return layout == Layout::kRowMajor ? NhwcDesc(nhwc, type)
                                     : FeatureDesc(nhwc, type);
}

memory::desc DescOf(const Tensor& map) {
  return MapDesc(map.layout(), map.shape(), map.type());
}

Tensor AllocateIn(Layout layout, const Shape& nhwc, DType type) {
  if (layout == Layout::kRowMajor) return Tensor(nhwc, type);
  const memory::desc desc = FeatureDesc(nhwc, type);
  if (desc == NhwcDesc(nhwc, type)) return Tensor(nhwc, type);
  return Tensor::InBackendLayout(nhwc, type,
                                 static_cast<int64_t>(desc.get_size()));
}

int64_t ChannelBlock(const Tensor& map) {
  constexpr int kChannelAxis = 1;
  const memory::desc desc = DescOf(map);
  const DnnlBlocking blocking = BlockingOf(desc);
  if (blocking.inner_nblks > 0) return BlockSize(blocking);
  return blocking.strides[kChannelAxis] == 1 ? map.dim(3) : 1;
}

memory::desc KernelDesc(const Shape& shape, DType type,
                        memory::format_tag tag) {
  return memory::desc({shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3)},
                      DnnlType(type), tag);
}

std::string LayoutName(const memory::desc& desc) {
  const DnnlBlocking blocking = BlockingOf(desc);
  std::string name = "strides";
  for (int d = 0; d < blocking.rank; ++d) {
    absl::StrAppend(&name, " ", blocking.strides[d]);
  }
  for (int b = 0; b < blocking.inner_nblks; ++b) {
    absl::StrAppend(&name, ", ", blocking.inner_blks[b], " of axis ",
                    blocking.inner_idxs[b]);
  }
  return name;
}

OutputFactors FactorsOf(const memory::desc& desc,
                        absl::Span<const float> factors) {
  const int64_t size = desc.get_size() / sizeof(float);
  if (factors.empty()) return OutputFactors(size);
  const DnnlBlocking blocking = BlockingOf(desc);
  const int64_t block = BlockSize(blocking), outputs = blocking.dims[0];
  if (block == 1 && blocking.strides[0] * outputs == size) {
    return OutputFactors::OutputsFirst(size, outputs, factors);
  }
  return OutputFactors(factors, BlockPattern(blocking),
                       FirstOutputs(blocking, size / block));
}

}  // namespace fcis::kernels
