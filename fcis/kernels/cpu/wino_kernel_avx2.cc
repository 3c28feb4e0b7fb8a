#include <immintrin.h>

#include "fcis/kernels/cpu/wino_gradient_impl.h"
#include "fcis/kernels/cpu/wino_kernel.h"
#include "fcis/kernels/cpu/wino_kernel_impl.h"

namespace fcis::kernels {
namespace {

struct Avx2 {
  using V = __m256;
  static constexpr int kLength = 8;
  // 12 sums, a broadcast and two rights in 16 registers.
  static constexpr int kTiles = 6, kVectors = 2;

  static FCIS_WINO_INLINE V Load(const float* p) { return _mm256_loadu_ps(p); }
  static FCIS_WINO_INLINE void Store(float* p, V v) { _mm256_storeu_ps(p, v); }
  static FCIS_WINO_INLINE V Set(float f) { return _mm256_set1_ps(f); }
  static FCIS_WINO_INLINE V Fma(V a, V b, V c) {
    return _mm256_fmadd_ps(a, b, c);
  }
};

}  // namespace

void WinoTaskAvx2(const WinoTask& task) { Wino<Avx2>::Run(task); }
void WinoGradientAvx2(const WinoGradientTask<float>& task) {
  WinoGradient<Avx2, float>::Run(task);
}

}  // namespace fcis::kernels
