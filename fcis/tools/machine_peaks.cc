#include "fcis/tools/machine_peaks.h"

#include <immintrin.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "dnnl.hpp"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cpu/dnnl_layout.h"

namespace fcis::tools {
namespace {

// Sums that do not wait for each other: enough for two units of latency 4 to 6.
constexpr int kSums = 12;

// Loops give what depends on all they computed, so that nothing is left out.
// Sums begin at different values: equal ones would be computed once.
__attribute__((target("avx512f"))) float F32Avx512(int64_t rounds) {
  __m512 sums[kSums];
  for (int i = 0; i < kSums; ++i) sums[i] = _mm512_set1_ps(i);
  const __m512 a = _mm512_set1_ps(0.5f);
  for (int64_t r = 0; r < rounds; ++r) {
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(a, a, sum);
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  return _mm512_cvtss_f32(sums[0]);
}

__attribute__((target("avx2,fma"))) float F32Avx2(int64_t rounds) {
  __m256 sums[kSums];
  for (int i = 0; i < kSums; ++i) sums[i] = _mm256_set1_ps(i);
  const __m256 a = _mm256_set1_ps(0.5f);
  for (int64_t r = 0; r < rounds; ++r) {
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(a, a, sum);
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm256_add_ps(sums[0], sums[i]);
  return _mm256_cvtss_f32(sums[0]);
}

float F32Sse(int64_t rounds) {
  __m128 sums[kSums];
  for (int i = 0; i < kSums; ++i) sums[i] = _mm_set1_ps(i);
  __m128 a = _mm_set1_ps(0.5f);
  for (int64_t r = 0; r < rounds; ++r) {
    for (__m128& sum : sums) sum = _mm_add_ps(sum, _mm_mul_ps(a, sum));
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm_add_ps(sums[0], sums[i]);
  return _mm_cvtss_f32(sums[0]);
}

__attribute__((target("avx512f,avx512bf16"))) float Bf16Avx512(int64_t rounds) {
  __m512 sums[kSums];
  for (int i = 0; i < kSums; ++i) sums[i] = _mm512_set1_ps(i);
  const __m512bh a = _mm512_cvtne2ps_pbh(sums[1], sums[1]);
  for (int64_t r = 0; r < rounds; ++r) {
    for (__m512& sum : sums) sum = _mm512_dpbf16_ps(sum, a, a);
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  return _mm512_cvtss_f32(sums[0]);
}

__attribute__((target("avx512f,avx512vnni"))) float Int8Avx512(int64_t rounds) {
  __m512i sums[kSums];
  for (int i = 0; i < kSums; ++i) sums[i] = _mm512_set1_epi32(i);
  const __m512i a = _mm512_set1_epi8(1);
  for (int64_t r = 0; r < rounds; ++r) {
    for (__m512i& sum : sums) sum = _mm512_dpbusd_epi32(sum, a, a);
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm512_add_epi32(sums[0], sums[i]);
  return static_cast<float>(sums[0][0]);
}

// Eight tiles of 16 rows of 64 bytes.
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

#pragma GCC push_options
#pragma GCC target("amx-tile,amx-bf16,amx-int8")
// The intrinsics are assembly, which the compiler keeps. oneDNN asked the
// system for the tiles when it was asked for its instructions.
void BeginTiles() {
  const TileConfig config;
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  _tile_zero(6);
  _tile_zero(7);
}

float Bf16Amx(int64_t rounds) {
  BeginTiles();
  for (int64_t r = 0; r < rounds; ++r) {
    _tile_dpbf16ps(0, 6, 7);
    _tile_dpbf16ps(1, 6, 7);
    _tile_dpbf16ps(2, 6, 7);
    _tile_dpbf16ps(3, 6, 7);
    _tile_dpbf16ps(4, 6, 7);
    _tile_dpbf16ps(5, 6, 7);
  }
  _tile_release();
  return 0;
}

float Int8Amx(int64_t rounds) {
  BeginTiles();
  for (int64_t r = 0; r < rounds; ++r) {
    _tile_dpbusd(0, 6, 7);
    _tile_dpbusd(1, 6, 7);
    _tile_dpbusd(2, 6, 7);
    _tile_dpbusd(3, 6, 7);
    _tile_dpbusd(4, 6, 7);
    _tile_dpbusd(5, 6, 7);
  }
  _tile_release();
  return 0;
}
#pragma GCC pop_options

struct Loop {
  float (*run)(int64_t rounds);
  double flops;  // of a round
};

// Vectors of so many products each.
double OfVectors(int products) { return 2.0 * kSums * products; }

Loop LoopOf(absl::string_view precision) {
  constexpr double kTile = 6 * 2.0 * 16 * 16;  // six tiles of 16 x 16 sums
  const bool bf16 = precision == "bf16", int8 = precision == "int8";
  if ((bf16 || int8) && kernels::HasIsa(dnnl::cpu_isa::avx512_core_amx)) {
    return bf16 ? Loop{Bf16Amx, kTile * 32} : Loop{Int8Amx, kTile * 64};
  }
  if (bf16 && kernels::HasIsa(dnnl::cpu_isa::avx512_core_bf16)) {
    return {Bf16Avx512, OfVectors(32)};
  }
  if (int8 && kernels::HasIsa(dnnl::cpu_isa::avx512_core_vnni)) {
    return {Int8Avx512, OfVectors(64)};
  }
  if (kernels::HasIsa(dnnl::cpu_isa::avx512_core))
    return {F32Avx512, OfVectors(16)};
  if (kernels::HasIsa(dnnl::cpu_isa::avx2) && __builtin_cpu_supports("fma")) {
    return {F32Avx2, OfVectors(8)};
  }
  return {F32Sse, OfVectors(4)};
}

template <typename Body>
double SecondsOf(const Body& body) {
  Stopwatch watch;
  body();
  return watch.Lap();
}

}  // namespace

double PeakFlops(absl::string_view precision) {
  constexpr double kLeast = 0.001, kAltogether = 0.3;
  const Loop loop = LoopOf(precision);
  std::vector<double> best(NumThreads());
  ParallelForEach(best.size(), 1, [&](size_t i) {
    volatile float sink = 0;
    const auto seconds = [&](int64_t rounds) {
      return SecondsOf([&] { sink = loop.run(rounds); });
    };
    int64_t rounds = 1 << 10;
    while (seconds(rounds) < kLeast) rounds *= 2;
    for (double spent = 0; spent < kAltogether;) {
      const double s = seconds(rounds);
      spent += s;
      best[i] = std::max(best[i], loop.flops * static_cast<double>(rounds) / s);
    }
  });
  return std::accumulate(best.begin(), best.end(), 0.0);
}

double PeakBandwidth(int64_t bytes) {
  constexpr int kPasses = 5;  // the first of which touches the memory
  constexpr int64_t kSlice = 1 << 25, kGrain = 1 << 20;
  const Tensor from = Tensor::Zeros({bytes}, DType::kU8);
  Tensor to({bytes}, DType::kU8);
  double best = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    for (int64_t first = 0; first < bytes; first += kSlice) {
      const int64_t n = std::min(kSlice, bytes - first);
      const uint8_t* x = from.data<uint8_t>() + first;
      uint8_t* y = to.mutable_data<uint8_t>() + first;
      const double seconds = SecondsOf([&] {
        ParallelFor(n, kGrain, [&](int64_t begin, int64_t end) {
          std::copy(x + begin, x + end, y + begin);
        });
      });
      best = std::max(best, 2 * static_cast<double>(n) / seconds);
    }
  }
  return best;
}

}  // namespace fcis::tools
