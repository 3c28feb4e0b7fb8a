// The narrow convolutions of wino_kernel.h.
#include <immintrin.h>

#include "fcis/kernels/cpu/wino_avx512.h"
#include "fcis/kernels/cpu/wino_kernel.h"
#include "fcis/kernels/cpu/wino_kernel_impl.h"
#include "fcis/kernels/cpu/wino_narrow_impl.h"

namespace fcis::kernels {
namespace {

struct WinoNarrow : Wino<Avx512> {
  using S = Avx512;
  using Task = WinoNarrowTask;
  using Products = WinoNarrowProducts;
  static_assert(kLength == kWinoBlock, "a vector of outputs is a block");

  static FCIS_WINO_INLINE int64_t NarrowDepth(int64_t left) {
    return left < kWinoNarrowDepth ? left : kWinoNarrowDepth;
  }

  // out: planes of [tiles, kWidth]; wide: of a tile's [kWinoNarrowDepth];
  // factors: [planes, channels / kWinoNarrowDepth, tiles]; in: planes of
  // [channels / kWinoNarrowDepth, tiles, kWinoNarrowDepth].
  struct Buffers {
    explicit Buffers(const Task& t)
        : blocks((t.channels + kWinoNarrowDepth - 1) / kWinoNarrowDepth),
          out_plane(t.num_tiles * int64_t{kWidth} + kWinoPad),
          wide_plane(kWinoNarrowDepth + kWinoPad),
          in_plane(t.num_tiles * t.channels + 2 * kWinoPad),
          out(t.scratch),
          wide(out + kWinoAllPlanes * out_plane),
          factors(wide + kPlanes * wide_plane),
          in(reinterpret_cast<int16_t*>(
              factors + (kWinoAllPlanes * blocks * t.num_tiles + kWinoPad - 1) /
                            kWinoPad * kWinoPad)) {}
    const int64_t blocks, out_plane, wide_plane, in_plane;
    float *out, *wide, *factors;
    int16_t* in;
  };

  // kPlanes planes of a block of a tile's channels to whole numbers, and the
  // factors that lead back, factor_step apart. What is not finite is so there.
  static void Narrow(const float* wide, int64_t wide_plane, int64_t depth,
                     int64_t plane, int16_t* to, int64_t factor_step,
                     float* factors) {
    alignas(64) float squares[kLength] = {};
    for (int p = 0; p < kPlanes; ++p) {
      V sum = S::Set(0);
      for (int64_t k = 0; k < depth; k += kLength) {
        const V v = S::Load(wide + p * wide_plane + k);
        sum = S::Fma(v, v, sum);
      }
      squares[p] = _mm512_reduce_add_ps(sum);
    }
    const V sums = S::Load(squares), roots = _mm512_sqrt_ps(sums);
    alignas(64) float enlarging[kLength], reducing[kLength];
    S::Store(enlarging, Products::Enlarging(sums, roots, kWinoNarrowTile));
    S::Store(reducing, roots * S::Set(1 / kWinoNarrowTile));
    for (int p = 0; p < kPlanes; ++p) {
      const V factor = S::Set(enlarging[p]);
      for (int64_t k = 0; k < depth; k += kLength) {
        const __m512i whole =
            _mm512_cvtps_epi32(S::Load(wide + p * wide_plane + k) * factor);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + p * plane + k),
                            _mm512_cvtsepi32_epi16(whole));
      }
      factors[p * factor_step] = reducing[p];
    }
  }

  template <Rows kRows>
  static void TransformIn(const Task& one, const Buffers& buffers, int64_t all,
                          int64_t tile, int64_t channel) {
    constexpr int kFirst = static_cast<int>(kRows) * kPlanes;
    const int64_t depth = NarrowDepth(one.channels - channel);
    Wino::TransformIn<kRows>(one, channel, channel + depth, buffers.wide,
                             buffers.wide_plane);
    Narrow(
        buffers.wide, buffers.wide_plane, depth, buffers.in_plane,
        buffers.in + kFirst * buffers.in_plane + channel * all + tile * depth,
        buffers.blocks * all,
        buffers.factors +
            (kFirst * buffers.blocks + channel / kWinoNarrowDepth) * all +
            tile);
  }

  static void TransformIn(const Task& t, const Buffers& buffers) {
    Task one = t;
    one.num_tiles = 1;
    for (int i = 0; i < t.num_tiles; ++i) {
      one.tiles = t.tiles + i;
      for (int64_t k = 0; k < t.channels; k += kWinoNarrowDepth) {
        TransformIn<Rows::kA>(one, buffers, t.num_tiles, i, k);
        TransformIn<Rows::kB>(one, buffers, t.num_tiles, i, k);
        TransformIn<Rows::kEnds>(one, buffers, t.num_tiles, i, k);
      }
    }
  }

  // The products of `vectors` of outputs, in strips of nearly equal numbers of
  // tiles.
  static void Multiply(const Task& t, const Buffers& buffers, int64_t output,
                       int vectors) {
    const int strips = (t.num_tiles + S::kTiles - 1) / S::kTiles;
    const int16_t* kernel = t.weights + WinoNarrowOffset(t.channels, output);
    for (int64_t k = 0; k < t.channels; k += kWinoNarrowDepth) {
      const int64_t depth = NarrowDepth(t.channels - k);
      const int64_t size = vectors * kLength * (depth + 2);
      for (int p = 0; p < kWinoAllPlanes; ++p, kernel += size) {
        for (int s = 0; s < strips; ++s) {
          const int first = t.num_tiles * s / strips;
          const int rows = t.num_tiles * (s + 1) / strips - first;
          Products::Operands o;
          o.a = buffers.in + p * buffers.in_plane + k * t.num_tiles +
                first * depth;
          o.a_row = depth;
          o.a_pair = 2;
          o.pairs = depth / 2;
          o.b = kernel;
          o.factors =
              buffers.factors +
              (p * buffers.blocks + k / kWinoNarrowDepth) * t.num_tiles + first;
          o.add = k > 0;
          o.next_rows = o.a + rows * depth;
          o.next = kernel + size + size * s / strips;
          o.step = 2 * size / strips / depth;
          o.to = buffers.out + p * buffers.out_plane + int64_t{first} * kWidth;
          if (vectors == kVectors) {
            Products::ProductOf<S::kTiles, kVectors>(rows, o);
          } else {
            Products::ProductOf<S::kTiles, 1>(rows, o);
          }
        }
      }
    }
  }

  static void TransformOut(const Task& t, const Buffers& buffers,
                           int64_t output, int vectors) {
    const V zero = S::Set(0);
    const int64_t pixels = int64_t{t.height} * t.width;
    const int64_t row = buffers.out_plane * kIn;
    for (int i = 0; i < t.num_tiles; ++i) {
      const WinoTile& tile = t.tiles[i];
      const int rows = (t.height - tile.y + t.dilation - 1) / t.dilation;
      const int columns = (t.width - tile.x + t.dilation - 1) / t.dilation;
      for (int v = 0; v < vectors; ++v) {
        const int64_t o = output + v * kLength;
        const float* const m = buffers.out + int64_t{i} * kWidth + v * kLength;
        V z[kIn][kOut];  // of the points
#pragma GCC unroll 6
        for (int r = 0; r < kIn; ++r) {
          OutColumns(m + r * row, buffers.out_plane, z[r]);
        }
        uint16_t* const to = t.y + tile.picture * pixels * t.outputs +
                             o / t.y_block * t.y_block * pixels +
                             o % t.y_block +
                             (int64_t{tile.y} * t.width + tile.x) * t.y_block;
        const V bias = S::Load(t.bias + o);
#pragma GCC unroll 4
        for (int c = 0; c < kOut; ++c) {
          if (c >= columns) break;
          V y[kOut];
          Outs(z[0][c], z[1][c], z[2][c], z[3][c], z[4][c], z[5][c], y);
#pragma GCC unroll 4
          for (int r = 0; r < kOut; ++r) {
            if (r >= rows) break;
            V sum = y[r] + bias;
            if (t.relu) sum = _mm512_max_ps(zero, sum);  // NaN stays
            StoreBf16(to + (int64_t{r} * t.width + c) * t.dilation * t.y_block,
                      sum);
          }
        }
      }
    }
  }

  static FCIS_WINO_INLINE void StoreBf16(uint16_t* to, V v) {
    const __m256bh narrow = _mm512_cvtneps_pbh(v);
    __builtin_memcpy(to, &narrow, sizeof(narrow));
  }

  static void Run(const Task& t) {
    const Buffers buffers(t);
    TransformIn(t, buffers);
    for (int64_t o = t.first_output; o < t.end_output; o += kWidth) {
      const int64_t left = (t.end_output - o) / kLength;
      const int vectors = left < kVectors ? static_cast<int>(left) : kVectors;
      Multiply(t, buffers, o, vectors);
      TransformOut(t, buffers, o, vectors);
    }
  }

  // Of a block of channels and a vector of outputs: the weights, and from one
  // tap to the next.
  struct Kernels {
    const float* weights;
    int64_t tap, depth;

    // kPlanes vectors, of a channel.
    template <Rows kRows>
    FCIS_WINO_INLINE void Transform(int64_t k, float* planes) const {
      KernelAt<kRows>(weights + k / kWinoBlock * kTaps * kTaps * kTap +
                          k % kWinoBlock * kWinoBlock,
                      tap, planes, kLength);
    }
  };
  static Kernels KernelsAt(const WinoTask& t, int64_t output, int64_t channel) {
    const float* const weights = Weights(t, output, channel);
    const int64_t depth = NarrowDepth(t.channels - channel);
    return t.turned
               ? Kernels{weights + (kTaps * kTaps - 1) * kTap, -kTap, depth}
               : Kernels{weights, kTap, depth};
  }

  // For each plane what takes the kernels to whole numbers, a vector, and what
  // leads back, factor_step elements apart.
  template <Rows kRows>
  static void FindFactors(const Kernels& kernels, float* enlarging,
                          int64_t factor_step, int16_t* factors) {
    alignas(64) float planes[kPlanes * kLength];
    V squares[kPlanes], most[kPlanes];
    for (int p = 0; p < kPlanes; ++p) squares[p] = most[p] = S::Set(0);
    for (int64_t k = 0; k < kernels.depth; ++k) {
      kernels.Transform<kRows>(k, planes);
#pragma GCC unroll 12
      for (int p = 0; p < kPlanes; ++p) {
        const V v = S::Load(planes + p * kLength);
        squares[p] = S::Fma(v, v, squares[p]);
        most[p] = _mm512_max_ps(_mm512_abs_ps(v), most[p]);
      }
    }
    for (int p = 0; p < kPlanes; ++p) {
      const V root = Products::Root(squares[p], most[p], kWinoNarrowKernel);
      S::Store(enlarging + p * kLength,
               Products::Enlarging(squares[p], root, kWinoNarrowKernel));
      S::Store(reinterpret_cast<float*>(factors + p * factor_step),
               root * S::Set(1 / kWinoNarrowKernel));
    }
  }

  // kPlanes planes of [depth / 2, vectors, kLength, 2] and their factors, of
  // one of the vectors.
  template <Rows kRows>
  static void NarrowKernels(const Kernels& kernels, int vectors, int16_t* to) {
    const int64_t plane = vectors * kLength * (kernels.depth + 2);
    alignas(64) float enlarging[kPlanes * kLength];
    FindFactors<kRows>(kernels, enlarging, plane,
                       to + kernels.depth * vectors * kLength);
    alignas(64) float one[kPlanes * kLength], other[kPlanes * kLength];
    for (int64_t k = 0; k < kernels.depth; k += 2) {
      kernels.Transform<kRows>(k, one);
      kernels.Transform<kRows>(k + 1, other);
#pragma GCC unroll 12
      for (int p = 0; p < kPlanes; ++p) {
        const V factor = S::Load(enlarging + p * kLength);
        Products::StorePair(S::Load(one + p * kLength) * factor,
                            S::Load(other + p * kLength) * factor,
                            to + p * plane + k * vectors * kLength);
      }
    }
  }

  static void NarrowWeights(const WinoTask& t, int16_t* to) {
    for (int64_t o = t.first_output; o < t.end_output; o += kWidth) {
      const int64_t left = (t.end_output - o) / kLength;
      const int vectors = left < kVectors ? static_cast<int>(left) : kVectors;
      int16_t* block = to + WinoNarrowOffset(t.channels, o);
      for (int64_t k = 0; k < t.channels; k += kWinoNarrowDepth) {
        const int64_t depth = NarrowDepth(t.channels - k);
        const int64_t planes = kPlanes * vectors * kLength * (depth + 2);
        for (int v = 0; v < vectors; ++v) {
          const Kernels kernels = KernelsAt(t, o + v * kLength, k);
          // Pairs of channels and factors, which are floats, take as much.
          int16_t* const at = block + 2 * v * kLength;
          NarrowKernels<Rows::kA>(kernels, vectors, at);
          NarrowKernels<Rows::kB>(kernels, vectors, at + planes);
          NarrowKernels<Rows::kEnds>(kernels, vectors, at + 2 * planes);
        }
        block += 3 * planes;
      }
    }
  }
};

}  // namespace

void WinoNarrowVnni(const WinoNarrowTask& task) { WinoNarrow::Run(task); }
void WinoNarrowWeightsVnni(const WinoTask& task, int16_t* to) {
  WinoNarrow::NarrowWeights(task, to);
}

}  // namespace fcis::kernels
