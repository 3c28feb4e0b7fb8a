// The gradient of a 3x3 kernel by Winograd's algorithm for one instruction set,
// S, as wino_kernel_impl.h.
//
// The transpose of the forward pass: G^T [sum of (A gy A^T) * (B^T d B)] G over
// the tiles, whose 36 products by elements are 12 products of matrices at a
// time, [channels, tiles] x [tiles, outputs].
#ifndef FCIS_KERNELS_CPU_WINO_GRADIENT_IMPL_H_
#define FCIS_KERNELS_CPU_WINO_GRADIENT_IMPL_H_

#include <cstdint>

#include "fcis/kernels/cpu/fixed_count_impl.h"
#include "fcis/kernels/cpu/wino_kernel.h"
#include "fcis/kernels/cpu/wino_kernel_impl.h"

namespace fcis::kernels {
namespace {

template <typename S, typename T>
struct WinoGradient : Wino<S> {
  using W = Wino<S>;
  using Task = WinoGradientTask<T>;
  using typename W::Pair;
  using typename W::V;
  using W::kA, W::kB, W::kAA, W::kBB, W::kScaleZero, W::kScaleA, W::kScaleB;
  using W::kLength, W::kVectors, W::kWidth;

  // in: planes of [tiles, channels]; out: of [tiles, kWidth]; sums: of
  // [channels, kWidth].
  struct Buffers {
    explicit Buffers(const Task& t)
        : depth(t.end_channel - t.first_channel),
          in_plane(t.num_tiles * depth + kWinoPad),
          out_plane(t.num_tiles * int64_t{kWidth} + kWinoPad),
          sum_plane(depth * kWidth + kWinoPad),
          in(t.scratch),
          out(in + kPlanes * in_plane),
          sums(out + kPlanes * out_plane) {}
    const int64_t depth, in_plane, out_plane, sum_plane;
    float *in, *out, *sums;
  };

  // Rows of A g.
  template <Rows kRows>
  static FCIS_WINO_INLINE Pair OutRows(const V* g) {
    if (kRows == Rows::kEnds) return {g[0], g[3]};
    constexpr double q = kRows == Rows::kA ? kA : kB;
    return W::Both(
        W::Fma(q * q, g[2], g[0]),
        W::Fma(q * q * q, g[3], S::Set(static_cast<float>(q)) * g[1]));
  }
  static FCIS_WINO_INLINE void Out(const V* g, float* to, int64_t plane) {
    W::StoreRows(OutRows<Rows::kA>(g), OutRows<Rows::kB>(g),
                 OutRows<Rows::kEnds>(g), to, plane);
  }

  // Two rows of A gy A^T of every tile, and the sums of gy.
  template <Rows kRows, typename AnyBuffers>
  static void TransformOut(const Task& t, const AnyBuffers& buffers,
                           int64_t output, int vectors) {
    const int64_t pixels = int64_t{t.height} * t.width;
    for (int v = 0; v < vectors; ++v) {
      const int64_t o = output + v * kLength;
      const T* const map =
          t.gy + o / t.y_block * t.y_block * pixels + o % t.y_block;
      V sum = S::Set(0);
      for (int i = 0; i < t.num_tiles; ++i) {
        const WinoTile& tile = t.tiles[i];
        const int rows = (t.height - tile.y + t.dilation - 1) / t.dilation;
        const int columns = (t.width - tile.x + t.dilation - 1) / t.dilation;
        const T* const from = map + tile.picture * pixels * t.outputs +
                              (int64_t{tile.y} * t.width + tile.x) * t.y_block;
        V plus[kOut], minus[kOut];
#pragma GCC unroll 4
        for (int c = 0; c < kOut; ++c) {
          V g[kOut];
#pragma GCC unroll 4
          for (int r = 0; r < kOut; ++r) {
            g[r] = r < rows && c < columns
                       ? S::Load(from + (int64_t{r} * t.width + c) *
                                            t.dilation * t.y_block)
                       : S::Set(0);
          }
          if (kRows == Rows::kA) sum = sum + ((g[0] + g[1]) + (g[2] + g[3]));
          const Pair pair = OutRows<kRows>(g);
          plus[c] = pair.plus;
          minus[c] = pair.minus;
        }
        float* const to = buffers.out + int64_t{i} * kWidth + v * kLength;
        Out(plus, to, buffers.out_plane);
        Out(minus, to + kIn * buffers.out_plane, buffers.out_plane);
      }
      if (kRows != Rows::kA || t.first_channel > 0) continue;
      S::Store(t.gbias + o, t.add ? S::Load(t.gbias + o) + sum : sum);
    }
  }

  static void Multiply(const Task& t, const Buffers& buffers, int vectors) {
    const int64_t depth = buffers.depth;
    const int64_t strips = (depth + S::kTiles - 1) / S::kTiles;
    for (int p = 0; p < kPlanes; ++p) {
      const float* const b = buffers.out + p * buffers.out_plane;
      for (int64_t s = 0; s < strips; ++s) {
        const int64_t first = depth * s / strips;
        const int64_t rows = depth * (s + 1) / strips - first;
        const float* const a = buffers.in + p * buffers.in_plane + first;
        float* const to = buffers.sums + p * buffers.sum_plane + first * kWidth;
        WithCounts<S::kTiles, kVectors>(rows, vectors, [&](auto r, auto v) {
          W::template Product<r.value, v.value, /*kAcross=*/true>(
              a, depth, b, t.num_tiles, /*add=*/false, nullptr, 0, to);
        });
      }
    }
  }

  // The six sums of a row to its three taps: u G.
  static FCIS_WINO_INLINE void KernelColumns(const float* u, int64_t plane,
                                             V* z) {
    const V a = S::Load(u), minus_a = S::Load(u + plane);
    const V b = S::Load(u + 2 * plane), minus_b = S::Load(u + 3 * plane);
    const V even_a = a + minus_a, even_b = b + minus_b;
    z[0] = W::Fma(
        kScaleA, even_a,
        W::Fma(kScaleB, even_b, S::Set(kScaleZero) * S::Load(u + 4 * plane)));
    z[1] = W::Fma(kA * kScaleA, a - minus_a,
                  S::Set(static_cast<float>(kB * kScaleB)) * (b - minus_b));
    z[2] = W::Fma(kAA * kScaleA, even_a,
                  W::Fma(kBB * kScaleB, even_b, S::Load(u + 5 * plane)));
  }

  // Adds G^T of two rows to the gradients, which the first pass may set.
  template <Rows kRows, typename AnyBuffers>
  static void TransformSums(const Task& t, const AnyBuffers& buffers,
                            int64_t output, int vectors) {
    constexpr bool kEnds = kRows == Rows::kEnds;
    constexpr double q = kRows == Rows::kA ? kA : kB;
    constexpr double scale = kRows == Rows::kA ? kScaleA : kScaleB;
    constexpr float kOf[kTaps] = {
        static_cast<float>(kEnds ? kScaleZero : scale),
        static_cast<float>(q * scale),
        static_cast<float>(kEnds ? 1 : q * q * scale)};
    const bool add = t.add || kRows != Rows::kA;
    for (int64_t k = 0; k < buffers.depth; ++k) {
      const int64_t channel = t.first_channel + k;
      for (int v = 0; v < vectors; ++v) {
        const float* const u = buffers.sums + k * kWidth + v * kLength;
        V plus[kTaps], minus[kTaps];
        KernelColumns(u, buffers.sum_plane, plus);
        KernelColumns(u + kIn * buffers.sum_plane, buffers.sum_plane, minus);
        const int64_t o = output + v * kLength;
        float* const to =
            t.gweights +
            (o / kWinoBlock * t.channels + channel / kWinoBlock * kWinoBlock) *
                kKernel +
            channel % kWinoBlock * kWinoBlock + o % kWinoBlock;
#pragma GCC unroll 3
        for (int r = 0; r < kTaps; r += kEnds ? 2 : 1) {
#pragma GCC unroll 3
          for (int c = 0; c < kTaps; ++c) {
            const V sum = kEnds    ? (r == 0 ? plus[c] : minus[c])
                          : r == 1 ? plus[c] - minus[c]
                                   : plus[c] + minus[c];
            float* const at = to + (r * kTaps + c) * kTap;
            const V value = S::Set(kOf[r]) * sum;
            S::Store(at, add ? S::Load(at) + value : value);
          }
        }
      }
    }
  }

  template <Rows kRows>
  static void TransformIn(const Task& t, const Buffers& buffers) {
    W::template TransformIn<kRows>(t, t.first_channel, t.end_channel,
                                   buffers.in, buffers.in_plane);
  }

  // Own: this, or what multiplies in another way.
  template <typename Own, Rows kRows>
  static void Pass(const Task& t, const typename Own::Buffers& buffers) {
    Own::template TransformIn<kRows>(t, buffers);
    for (int64_t o = t.first_output; o < t.end_output; o += kWidth) {
      const int64_t left = (t.end_output - o) / kLength;
      const int vectors = left < kVectors ? static_cast<int>(left) : kVectors;
      TransformOut<kRows>(t, buffers, o, vectors);
      Own::Multiply(t, buffers, vectors);
      TransformSums<kRows>(t, buffers, o, vectors);
    }
  }

  template <typename Own>
  static void RunAs(const Task& t) {
    const typename Own::Buffers buffers(t);
    Pass<Own, Rows::kA>(t, buffers);
    Pass<Own, Rows::kB>(t, buffers);
    Pass<Own, Rows::kEnds>(t, buffers);
  }
  static void Run(const Task& t) { RunAs<WinoGradient>(t); }
};

}  // namespace
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_WINO_GRADIENT_IMPL_H_
