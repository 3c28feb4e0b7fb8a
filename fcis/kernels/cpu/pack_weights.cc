#include "fcis/kernels/cpu/pack_weights.h"

#include <algorithm>
#include <cstring>

#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/round_up.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/cpu/dnnl_api.h"

namespace fcis::kernels {
namespace {

using dnnl::memory;

// Elements of a run: with a pair each, a cache line.
constexpr int64_t kRun = 16;

std::array<std::vector<int64_t>, 4> OffsetsOf(const memory::desc& desc) {
  const DnnlBlocking blocking = BlockingOf(desc);
  std::array<std::vector<int64_t>, 4> offsets;
  for (int axis = 0; axis < 4; ++axis) {
    for (int64_t i = 0; i < blocking.dims[axis]; ++i) {
      int64_t rest = i, offset = 0, stride = 1;
      for (int b = blocking.inner_nblks - 1; b >= 0; --b) {
        if (blocking.inner_idxs[b] == axis) {
          offset += rest % blocking.inner_blks[b] * stride;
          rest /= blocking.inner_blks[b];
        }
        stride *= blocking.inner_blks[b];
      }
      offsets[axis].push_back(offset + rest * blocking.strides[axis]);
    }
  }
  return offsets;
}

// Whether the elements of each run lie side by side.
bool HasDenseRuns(const std::vector<int64_t>& offsets) {
  for (size_t i = 1; i < offsets.size(); ++i) {
    if (i % kRun != 0 && offsets[i] != offsets[i - 1] + 1) return false;
  }
  return true;
}

// Whether each `step` of a run takes one equally far.
bool HasEvenRuns(const std::vector<int64_t>& offsets, int64_t step) {
  const int64_t n = offsets.size();
  for (int64_t i = step; i < n; i += step) {
    if (i % kRun != 0 &&
        offsets[i] - offsets[i - step] != offsets[step] - offsets[0]) {
      return false;
    }
  }
  return true;
}

// kRun runs at most of as many pairs: where they come from and go.
struct Block {
  const float* from;
  const float* factors;  // of the outputs in the block
  int64_t n, pairs;      // of the axis of runs, and of pairs
  int64_t stride;        // in from: of the axis that is not dense
  int64_t pair_stride;   // in to
  uint16_t* to;
};

uint32_t Both(uint16_t first, uint16_t second) {
  return first | static_cast<uint32_t>(second) << 16;
}

// Runs are dense in `from`, as they are in `to`. kOutputs: runs of outputs.
template <bool kOutputs>
inline __attribute__((always_inline)) void Interleave(const Block& block,
                                                      int64_t n) {
  for (int64_t j = 0; j < block.pairs; j += 2) {
    const float* const x = block.from + j * block.stride;
    const float* const y = x + block.stride;
    const float* const f = block.factors + (kOutputs ? 0 : j);
    uint16_t* const to = block.to + j / 2 * block.pair_stride;
    if (j + 1 < block.pairs) {
      for (int64_t i = 0; i < n; ++i) {
        const uint32_t both = Both(ToBf16(x[i] * f[kOutputs ? i : 0]),
                                   ToBf16(y[i] * f[kOutputs ? i : 1]));
        std::memcpy(to + 2 * i, &both, sizeof(both));
      }
    } else {
      for (int64_t i = 0; i < n; ++i) {
        to[2 * i] = ToBf16(x[i] * f[kOutputs ? i : 0]);
      }
    }
  }
}

// Pairs are dense in `from`: runs lie across.
template <bool kOutputs>
inline __attribute__((always_inline)) void Transpose(const Block& block,
                                                     int64_t n, int64_t pairs) {
  uint16_t tile[kRun][kRun] = {};
  for (int64_t i = 0; i < n; ++i) {
    const float* const x = block.from + i * block.stride;
    for (int64_t j = 0; j < pairs; ++j) {
      tile[i][j] = ToBf16(x[j] * block.factors[kOutputs ? i : j]);
    }
  }
  for (int64_t j = 0; j < pairs; j += 2) {
    uint16_t* const to = block.to + j / 2 * block.pair_stride;
    for (int64_t i = 0; i < n; ++i) {
      std::memcpy(to + 2 * i, &tile[i][j], 2 * sizeof(uint16_t));
    }
  }
}

// With the usual extents known to the compiler.
template <bool kOutputs>
inline __attribute__((always_inline)) void Pack(const Block& block,
                                                bool dense_runs) {
  if (dense_runs) {
    block.n == kRun ? Interleave<kOutputs>(block, kRun)
                    : Interleave<kOutputs>(block, block.n);
  } else if (block.n == kRun && block.pairs == kRun) {
    Transpose<kOutputs>(block, kRun, kRun);
  } else {
    Transpose<kOutputs>(block, block.n, block.pairs);
  }
}

FCIS_MULTIVERSION void PackOutputs(const Block& block, bool dense_runs) {
  Pack<true>(block, dense_runs);
}

FCIS_MULTIVERSION void PackInputs(const Block& block, bool dense_runs) {
  Pack<false>(block, dense_runs);
}

// From the first to `step` on; 0 where there is none.
int64_t Stride(const std::vector<int64_t>& offsets, size_t step) {
  return offsets.size() > step ? offsets[step] - offsets[0] : 0;
}

}  // namespace

bool WeightPacking::Fits(const memory::desc& stored,
                         const memory::desc& packed) {
  if (!IsBlocked(stored, memory::data_type::f32) ||
      !IsBlocked(packed, memory::data_type::bf16)) {
    return false;
  }
  const DnnlBlocking blocking = BlockingOf(packed);
  const int last = blocking.inner_nblks - 1;
  if (last < 1 || blocking.inner_blks[last] != 2) return false;
  const int64_t run = blocking.inner_idxs[last - 1];
  if (run > 1 || blocking.inner_idxs[last] != 1 - run ||
      blocking.inner_blks[last - 1] % kRun != 0) {
    return false;
  }
  const auto offsets = OffsetsOf(stored);
  const auto dense = [&](int64_t axis) {
    return HasDenseRuns(offsets[axis]) && HasEvenRuns(offsets[1 - axis], 1);
  };
  return (dense(run) || dense(1 - run)) &&
         HasEvenRuns(OffsetsOf(packed)[1 - run], 2);
}

WeightPacking::WeightPacking(const memory::desc& stored,
                             const memory::desc& packed)
    : from_(OffsetsOf(stored)), to_(OffsetsOf(packed)) {
  const DnnlBlocking blocking = BlockingOf(packed);
  runs_of_outputs_ = blocking.inner_idxs[blocking.inner_nblks - 2] == 0;
  dense_runs_ = HasDenseRuns(from_[runs_of_outputs_ ? 0 : 1]);
}

void WeightPacking::Run(const float* from, absl::Span<const float> factors,
                        uint16_t* to) const {
  const int run = runs_of_outputs_ ? 0 : 1, pair = 1 - run;
  const int64_t n = from_[run].size(), pairs = from_[pair].size();
  Block whole = {};
  whole.stride = Stride(from_[dense_runs_ ? pair : run], 1);
  whole.pair_stride = Stride(to_[pair], 2);
  const auto pack = [&](int64_t i, int64_t j) {
    Block block = whole;
    block.n = std::min(kRun, n - i);
    block.pairs = std::min(kRun, pairs - j);
    block.factors = &factors[runs_of_outputs_ ? i : j];
    for (size_t h = 0; h < from_[2].size(); ++h) {
      for (size_t w = 0; w < from_[3].size(); ++w) {
        block.from =
            from + from_[run][i] + from_[pair][j] + from_[2][h] + from_[3][w];
        block.to = to + to_[run][i] + to_[pair][j] + to_[2][h] + to_[3][w];
        runs_of_outputs_ ? PackOutputs(block, dense_runs_)
                         : PackInputs(block, dense_runs_);
      }
    }
  };
  ParallelForEach(NumBlocks(n, kRun), 1, [&](int64_t i) {
    for (int64_t j = 0; j < pairs; j += kRun) pack(i * kRun, j);
  });
}

}  // namespace fcis::kernels
