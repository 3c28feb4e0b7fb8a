// Numbers known at run time as constants, for loops that are compiled once for
// each of them. For sources that are compiled for one instruction set: what is
// here has internal linkage, and nothing of the standard library is included.
#ifndef FCIS_KERNELS_CPU_FIXED_COUNT_IMPL_H_
#define FCIS_KERNELS_CPU_FIXED_COUNT_IMPL_H_

#include <cstdint>

namespace fcis::kernels {
namespace {

template <int count>
struct FixedCount {
  static constexpr int value = count;
};

// run(FixedCount<count>()) for a count in [1, kMost].
template <int kMost, typename Run>
void WithCount(int64_t count, const Run& run) {
  if constexpr (kMost > 1) {
    if (count < kMost) return WithCount<kMost - 1>(count, run);
  }
  run(FixedCount<kMost>());
}

// The same for two of them.
template <int kMostRows, int kMostColumns, typename Run>
void WithCounts(int64_t rows, int64_t columns, const Run& run) {
  WithCount<kMostColumns>(columns, [&](auto of_columns) {
    WithCount<kMostRows>(rows, [&](auto of_rows) { run(of_rows, of_columns); });
  });
}

}  // namespace
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_FIXED_COUNT_IMPL_H_
