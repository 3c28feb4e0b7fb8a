// The tasks of wino_kernel.h for one instruction set, S. Only for the sources
// that are compiled for it: what is here has internal linkage, and nothing of
// the standard library is included.
//
// A tile's 4x4 outputs are A^T [(G g G^T) * (B^T d B)] A of its 6x6 inputs d
// and the kernel g (Lavin and Gray, 2016), polynomials being evaluated at 0, a,
// -a, b, -b and infinity. Two of the six rows of the transformed matrices are
// done at a time, a and -a, then b and -b, then the rest: so 12 products of
// matrices [tiles, channels] x [channels, outputs] find their operands in the
// L2 cache. Weights are transformed on the way, fetched ahead: that costs less
// than to fetch four times as many from memory.
#ifndef FCIS_KERNELS_CPU_WINO_KERNEL_IMPL_H_
#define FCIS_KERNELS_CPU_WINO_KERNEL_IMPL_H_

#include <cstdint>

#include "fcis/kernels/cpu/fixed_count_impl.h"
#include "fcis/kernels/cpu/wino_kernel.h"

namespace fcis::kernels {
namespace {

#define FCIS_WINO_INLINE inline __attribute__((always_inline))

constexpr int kIn = 6, kOut = 4, kTaps = 3;
constexpr int kPlanes = 2 * kIn;
constexpr int64_t kTap = kWinoBlock * kWinoBlock;  // weights of one, in blocks
constexpr int64_t kKernel = kTaps * kTaps * kWinoBlock;
constexpr int64_t kLine = 16;  // floats of a cache line
static_assert(kPlanes == kWinoPlanes, "two rows");

// The points. With 1 and 2 errors are twice as large.
struct WinoPoints {
  static constexpr double kA = 0.625, kB = 1.5;
};

// The passes: rows a and -a, b and -b, 0 and infinity.
enum class Rows { kA, kB, kEnds };

template <typename S, typename Points = WinoPoints>
struct Wino {
  static constexpr double kA = Points::kA, kB = Points::kB;
  static constexpr double kAA = kA * kA, kBB = kB * kB;
  // Of G, whose rows are scaled so that B has none.
  static constexpr float kScaleZero = 1 / (kAA * kBB);
  static constexpr float kScaleA = 1 / (2 * kAA * (kAA - kBB));
  static constexpr float kScaleB = 1 / (2 * kBB * (kBB - kAA));

  using V = typename S::V;
  static constexpr int kLength = S::kLength;
  static constexpr int kVectors = S::kVectors;       // of outputs at a time
  static constexpr int kWidth = kLength * kVectors;  // outputs at a time
  static_assert(kWidth <= kWinoWidth, "scratch memory");

  struct Pair {
    V plus, minus;
  };
  static FCIS_WINO_INLINE V Fma(double a, V b, V c) {
    return S::Fma(S::Set(static_cast<float>(a)), b, c);
  }
  static FCIS_WINO_INLINE Pair Both(V even, V odd) {
    return {even + odd, even - odd};
  }

  // All six rows, to planes.
  static FCIS_WINO_INLINE void StoreRows(Pair a, Pair b, Pair ends, float* to,
                                         int64_t plane) {
    S::Store(to, a.plus);
    S::Store(to + plane, a.minus);
    S::Store(to + 2 * plane, b.plus);
    S::Store(to + 3 * plane, b.minus);
    S::Store(to + 4 * plane, ends.plus);
    S::Store(to + 5 * plane, ends.minus);
  }

  // Rows of B^T d. Those of q: (x^2 - r^2)(x^2 +- q x).
  static FCIS_WINO_INLINE Pair InPair(double q, double r, V d1, V d2, V d3,
                                      V d4) {
    return Both(Fma(-r * r, d2, d4),
                S::Set(static_cast<float>(q)) * Fma(-r * r, d1, d3));
  }
  // x^4 - (a^2 + b^2) x^2 + a^2 b^2.
  static FCIS_WINO_INLINE V InEnd(V d0, V d2, V d4) {
    return Fma(kAA * kBB, d0, Fma(-(kAA + kBB), d2, d4));
  }
  template <Rows kRows>
  static FCIS_WINO_INLINE Pair InRows(const V* d) {
    if (kRows == Rows::kA) return InPair(kA, kB, d[1], d[2], d[3], d[4]);
    if (kRows == Rows::kB) return InPair(kB, kA, d[1], d[2], d[3], d[4]);
    return {InEnd(d[0], d[2], d[4]), InEnd(d[1], d[3], d[5])};
  }
  static FCIS_WINO_INLINE void In(const V* d, float* to, int64_t plane) {
    StoreRows(InRows<Rows::kA>(d), InRows<Rows::kB>(d), InRows<Rows::kEnds>(d),
              to, plane);
  }

  // Rows of G g.
  static FCIS_WINO_INLINE Pair KernelPair(double q, float scale, const V* g) {
    return Both(S::Set(scale) * Fma(q * q, g[2], g[0]),
                S::Set(static_cast<float>(q * scale)) * g[1]);
  }
  template <Rows kRows>
  static FCIS_WINO_INLINE Pair KernelRows(const V* g) {
    if (kRows == Rows::kA) return KernelPair(kA, kScaleA, g);
    if (kRows == Rows::kB) return KernelPair(kB, kScaleB, g);
    return {S::Set(kScaleZero) * g[0], g[2]};
  }
  static FCIS_WINO_INLINE void Kernel(const V* g, float* to, int64_t plane) {
    StoreRows(KernelRows<Rows::kA>(g), KernelRows<Rows::kB>(g),
              KernelRows<Rows::kEnds>(g), to, plane);
  }

  // Six sums to four outputs: A^T m, of the points in this order.
  static FCIS_WINO_INLINE void Outs(V a, V minus_a, V b, V minus_b, V zero,
                                    V infinity, V* z) {
    const V even_a = a + minus_a, odd_a = a - minus_a;
    const V even_b = b + minus_b, odd_b = b - minus_b;
    z[0] = zero + even_a + even_b;
    z[1] = Fma(kA, odd_a, S::Set(kB) * odd_b);
    z[2] = Fma(kAA, even_a, S::Set(kBB) * even_b);
    z[3] = Fma(kA * kAA, odd_a, Fma(kB * kBB, odd_b, infinity));
  }
  // Of a row: m A.
  static FCIS_WINO_INLINE void OutColumns(const float* m, int64_t plane, V* z) {
    Outs(S::Load(m), S::Load(m + plane), S::Load(m + 2 * plane),
         S::Load(m + 3 * plane), S::Load(m + 4 * plane), S::Load(m + 5 * plane),
         z);
  }

  // in: planes of [channels / kWinoDepth, tiles, kWinoDepth]; kernel: planes of
  // [kWinoDepth, kWidth]; out: planes of [tiles, kWidth].
  struct Buffers {
    explicit Buffers(const WinoTask& t)
        : in_plane(t.num_tiles * t.channels + kWinoPad),
          kernel_plane(kWinoDepth * kWidth + kWinoPad),
          out_plane(t.num_tiles * int64_t{kWidth} + kWinoPad),
          in(t.scratch),
          kernel(in + kPlanes * in_plane),
          out(kernel + kPlanes * kernel_plane) {}
    const int64_t in_plane, kernel_plane, out_plane;
    float *in, *kernel, *out;
  };
  // Channels of a block, of so many that are left.
  static FCIS_WINO_INLINE int64_t Depth(int64_t left) {
    return left < kWinoDepth ? left : kWinoDepth;
  }

  // Where a channel of each of a tile's inputs is; those beyond the map are 0.
  template <typename T>
  static FCIS_WINO_INLINE void FindInputs(const WinoMaps<T>& t,
                                          const WinoTile& tile, int64_t channel,
                                          const T** d) {
    const int64_t pixels = int64_t{t.height} * t.width;
    const T* const map = t.x + tile.picture * pixels * t.channels +
                         channel / t.x_block * t.x_block * pixels +
                         channel % t.x_block;
    for (int r = 0; r < kIn; ++r) {
      const int y = tile.y + (r - 1) * t.dilation;
      for (int c = 0; c < kIn; ++c) {
        const int x = tile.x + (c - 1) * t.dilation;
        const bool inside = y >= 0 && y < t.height && x >= 0 && x < t.width;
        d[r * kIn + c] =
            inside ? map + (int64_t{y} * t.width + x) * t.x_block : t.zeros;
      }
    }
  }

  // Two rows of B^T d B of every tile, for some channels, to planes of
  // [channels / kWinoDepth, tiles, kWinoDepth].
  template <Rows kRows, typename Task>
  static void TransformIn(const Task& t, int64_t first, int64_t end, float* in,
                          int64_t plane) {
    constexpr bool kEnds = kRows == Rows::kEnds;
    const int64_t pixels = int64_t{t.height} * t.width;
    for (int i = 0; i < t.num_tiles; ++i) {
      decltype(t.x) d[kIn * kIn];
      FindInputs(t, t.tiles[i], first, d);
      int64_t step[kIn * kIn];  // to the next block of channels
      for (int p = 0; p < kIn * kIn; ++p) {
        step[p] = d[p] == t.zeros ? 0 : pixels * t.x_block;
      }
      int64_t in_block = 0;
      for (int64_t k = 0; k < end - first; k += kLength, in_block += kLength) {
        if (in_block == t.x_block) {
          for (int p = 0; p < kIn * kIn; ++p) d[p] += step[p];
          in_block = 0;
        }
        const int64_t block = k / kWinoDepth * kWinoDepth;
        float* const to = in + block * t.num_tiles +
                          i * Depth(end - first - block) + k - block;
        V plus[kIn], minus[kIn];
#pragma GCC unroll 6
        for (int c = 0; c < kIn; ++c) {
          V column[kIn];
#pragma GCC unroll 6
          for (int r = kEnds ? 0 : 1; r < (kEnds ? kIn : kIn - 1); ++r) {
            column[r] = S::Load(d[r * kIn + c] + in_block);
          }
          const Pair rows = InRows<kRows>(column);
          plus[c] = rows.plus;
          minus[c] = rows.minus;
        }
        In(plus, to, plane);
        In(minus, to + kIn * plane, plane);
      }
    }
  }

  // The packed weights of an output, from a channel on.
  static const float* Weights(const WinoTask& t, int64_t output,
                              int64_t channel) {
    return t.weights + (output / kWinoBlock * t.channels + channel) * kKernel +
           output % kWinoBlock;
  }
  // Those that a pass reads after a block of channels.
  static const float* Following(const WinoTask& t, int64_t output,
                                int64_t channel) {
    channel += kWinoDepth;
    if (channel < t.channels) return Weights(t, output, channel);
    output += kWidth;
    return Weights(t, output < t.end_output ? output : t.first_output, 0);
  }

  // Two rows of G g G^T of a channel; `tap` is from one tap to the next.
  template <Rows kRows>
  static FCIS_WINO_INLINE void KernelAt(const float* from, int64_t tap,
                                        float* to, int64_t plane) {
    V plus[kTaps], minus[kTaps];
#pragma GCC unroll 3
    for (int c = 0; c < kTaps; ++c) {
      const V g[kTaps] = {S::Load(from + c * tap),
                          S::Load(from + (kTaps + c) * tap),
                          S::Load(from + (2 * kTaps + c) * tap)};
      const Pair rows = KernelRows<kRows>(g);
      plus[c] = rows.plus;
      minus[c] = rows.minus;
    }
    Kernel(plus, to, plane);
    Kernel(minus, to + kIn * plane, plane);
  }

  // Two rows of G g G^T for a block of channels and `vectors` of outputs.
  template <Rows kRows>
  static void TransformKernel(const WinoTask& t, const Buffers& buffers,
                              int64_t channel, int64_t output, int vectors) {
    const int64_t plane = buffers.kernel_plane,
                  depth = Depth(t.channels - channel);
    const int64_t tap = t.turned ? -kTap : kTap;
    for (int v = 0; v < vectors; ++v) {
      const float* const block = Weights(t, output + v * kLength, channel) +
                                 (t.turned ? kTaps * kTaps - 1 : 0) * kTap;
      float* to = buffers.kernel + v * kLength;
      for (int64_t k = 0; k < depth; ++k) {
        const float* const from = block +
                                  k / kWinoBlock * kTaps * kTaps * kTap +
                                  k % kWinoBlock * kWinoBlock;
        KernelAt<kRows>(from, tap, to, plane);
        to += vectors * kLength;
      }
    }
  }

  // [kRowsOf, depth] x [depth, kVectorsOf vectors], set or added. kAcross: a is
  // [depth, kRowsOf], rows `across` floats apart, and rows of b are of kWidth.
  // Else what is needed next comes meanwhile: the strip behind a, and weights,
  // `step` floats for each of depth.
  template <int kRowsOf, int kVectorsOf, bool kAcross>
  static void Product(const float* a, int64_t across, const float* b,
                      int64_t depth, bool add, const float* next, int64_t step,
                      float* to) {
    V sums[kRowsOf][kVectorsOf];
#pragma GCC unroll 16
    for (int r = 0; r < kRowsOf; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectorsOf; ++v) {
        sums[r][v] = add ? S::Load(to + r * kWidth + v * kLength) : S::Set(0);
      }
    }
    for (int64_t k = 0; k < depth; ++k) {
      if (!kAcross) {
        __builtin_prefetch(next + k * step, 0, 2);
        __builtin_prefetch(a + kRowsOf * depth + k * kLine);
      }
      V right[kVectorsOf];
#pragma GCC unroll 4
      for (int v = 0; v < kVectorsOf; ++v) right[v] = S::Load(b + v * kLength);
      b += kAcross ? kWidth : kVectorsOf * kLength;
#pragma GCC unroll 16
      for (int r = 0; r < kRowsOf; ++r) {
        const V left = S::Set(a[kAcross ? k * across + r : r * depth + k]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectorsOf; ++v) {
          sums[r][v] = S::Fma(left, right[v], sums[r][v]);
        }
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRowsOf; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectorsOf; ++v) {
        S::Store(to + r * kWidth + v * kLength, sums[r][v]);
      }
    }
  }

  // The products of a pass, in strips of nearly equal numbers of tiles.
  static void Multiply(const WinoTask& t, const Buffers& buffers,
                       int64_t channel, int vectors, const float* following) {
    const int64_t depth = Depth(t.channels - channel);
    const int strips = (t.num_tiles + S::kTiles - 1) / S::kTiles;
    // Each of so many products fetches a part of a block of weights.
    const int parts = kPlanes * strips / static_cast<int>(kWidth / kWinoBlock);
    const int64_t step = kKernel / parts + 1;
    for (int p = 0; p < kPlanes; ++p) {
      const float* const b = buffers.kernel + p * buffers.kernel_plane;
      for (int s = 0; s < strips; ++s) {
        const int first = t.num_tiles * s / strips;
        const int rows = t.num_tiles * (s + 1) / strips - first;
        const float* const a = buffers.in + p * buffers.in_plane +
                               channel * t.num_tiles + first * depth;
        float* const to =
            buffers.out + p * buffers.out_plane + int64_t{first} * kWidth;
        const int i = p * strips + s;
        const float* const next = following + i / parts * t.channels * kKernel +
                                  i % parts * step * depth;
        WithCounts<S::kTiles, kVectors>(rows, vectors, [&](auto r, auto v) {
          Product<r.value, v.value, /*kAcross=*/false>(
              a, 0, b, depth, channel > 0, next, step, to);
        });
      }
    }
  }

  // Adds A^T of two rows to the outputs, which the first pass sets; ReLU where
  // a row is complete.
  template <Rows kRows>
  static void TransformOut(const WinoTask& t, const Buffers& buffers,
                           int64_t output, int vectors) {
    constexpr bool kEnds = kRows == Rows::kEnds;
    constexpr double q = kRows == Rows::kA ? kA : kB;
    const V zero = S::Set(0);
    const int64_t pixels = int64_t{t.height} * t.width;
    int64_t place[kVectors];  // in a picture
    for (int v = 0; v < vectors; ++v) {
      const int64_t o = output + v * kLength;
      place[v] = o / t.y_block * t.y_block * pixels + o % t.y_block;
    }
    for (int i = 0; i < t.num_tiles; ++i) {
      const WinoTile& tile = t.tiles[i];
      const int rows = (t.height - tile.y + t.dilation - 1) / t.dilation;
      const int columns = (t.width - tile.x + t.dilation - 1) / t.dilation;
      for (int v = 0; v < vectors; ++v) {
        const float* m = buffers.out + int64_t{i} * kWidth + v * kLength;
        V z[kOut][kOut], plus[kOut], minus[kOut];
        OutColumns(m, buffers.out_plane, plus);
        OutColumns(m + kIn * buffers.out_plane, buffers.out_plane, minus);
        const V bias = S::Load(t.bias + output + v * kLength);
#pragma GCC unroll 4
        for (int c = 0; c < kOut; ++c) {
          if (kEnds) {
            z[0][c] = plus[c];
            z[3][c] = minus[c];
          } else {
            const V even = plus[c] + minus[c], odd = plus[c] - minus[c];
            z[0][c] = even;
            z[1][c] = S::Set(q) * odd;
            z[2][c] = S::Set(q * q) * even;
            z[3][c] = S::Set(q * q * q) * odd;
          }
        }
        float* const to = t.y + tile.picture * pixels * t.outputs + place[v] +
                          (int64_t{tile.y} * t.width + tile.x) * t.y_block;
#pragma GCC unroll 4
        for (int r = 0; r < kOut; r += kEnds ? 3 : 1) {
          const bool complete =
              kEnds || (kRows == Rows::kB && (r == 1 || r == 2));
          if (r >= rows) break;
#pragma GCC unroll 4
          for (int c = 0; c < kOut; ++c) {
            if (c >= columns) break;
            float* const at =
                to + (int64_t{r} * t.width + c) * t.dilation * t.y_block;
            V sum = z[r][c] + (kRows == Rows::kA ? bias : S::Load(at));
            if (complete && t.relu) sum = sum > zero ? sum : zero;
            S::Store(at, sum);
          }
        }
      }
    }
  }

  template <Rows kRows>
  static void Pass(const WinoTask& t, const Buffers& buffers) {
    TransformIn<kRows>(t, 0, t.channels, buffers.in, buffers.in_plane);
    for (int64_t o = t.first_output; o < t.end_output; o += kWidth) {
      const int64_t left = (t.end_output - o) / kLength;
      const int vectors = left < kVectors ? static_cast<int>(left) : kVectors;
      for (int64_t k = 0; k < t.channels; k += kWinoDepth) {
        TransformKernel<kRows>(t, buffers, k, o, vectors);
        Multiply(t, buffers, k, vectors, Following(t, o, k));
      }
      TransformOut<kRows>(t, buffers, o, vectors);
    }
  }

  static void Run(const WinoTask& t) {
    const Buffers buffers(t);
    Pass<Rows::kA>(t, buffers);
    Pass<Rows::kB>(t, buffers);
    Pass<Rows::kEnds>(t, buffers);
  }
};

}  // namespace
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_WINO_KERNEL_IMPL_H_
