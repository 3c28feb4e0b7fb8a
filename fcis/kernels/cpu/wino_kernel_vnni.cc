// The narrow convolutions of wino_kernel.h.
#include <immintrin.h>

#include "fcis/kernels/cpu/fixed_count_impl.h"
#include "fcis/kernels/cpu/wino_avx512.h"
#include "fcis/kernels/cpu/wino_kernel.h"
#include "fcis/kernels/cpu/wino_kernel_impl.h"
#include "fcis/kernels/cpu/wino_narrow_impl.h"

namespace fcis::kernels {
namespace {

// What Own, one of the two below, has not for itself. T: of its maps.
template <typename Own, typename T, typename Points>
struct WinoNarrow : Wino<Avx512, Points> {
  using S = Avx512;
  using W = Wino<S, Points>;
  using V = typename W::V;
  using Task = WinoNarrowTask<T>;
  using Products = WinoNarrowProducts;
  using W::kLength, W::kVectors, W::kWidth;
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
          WithCounts<S::kTiles, kVectors>(rows, vectors, [&](auto r, auto v) {
            Products::Product<r.value, v.value>(o);
          });
        }
      }
    }
  }

  static void TransformOut(const Task& t, const Buffers& buffers,
                           int64_t output, int vectors) {
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
          W::OutColumns(m + r * row, buffers.out_plane, z[r]);
        }
        T* const to = t.y + tile.picture * pixels * t.outputs +
                      o / t.y_block * t.y_block * pixels + o % t.y_block +
                      (int64_t{tile.y} * t.width + tile.x) * t.y_block;
        const typename Own::Ending ending(t, o);
#pragma GCC unroll 4
        for (int c = 0; c < kOut; ++c) {
          if (c >= columns) break;
          V y[kOut];
          W::Outs(z[0][c], z[1][c], z[2][c], z[3][c], z[4][c], z[5][c], y);
#pragma GCC unroll 4
          for (int r = 0; r < kOut; ++r) {
            if (r >= rows) break;
            ending.Store(
                y[r], to + (int64_t{r} * t.width + c) * t.dilation * t.y_block);
          }
        }
      }
    }
  }

  static void Run(const Task& t) {
    const Buffers buffers(t);
    Own::TransformIn(t, buffers);
    for (int64_t o = t.first_output; o < t.end_output; o += kWidth) {
      const int64_t left = (t.end_output - o) / kLength;
      const int vectors = left < kVectors ? static_cast<int>(left) : kVectors;
      Multiply(t, buffers, o, vectors);
      TransformOut(t, buffers, o, vectors);
    }
  }

  // What takes numbers to whole ones, and what leads back.
  struct Factors {
    V enlarging, reducing;
  };

  // Of a block of channels and a vector of outputs: the weights, and from one
  // tap to the next.
  struct Kernels {
    const float* weights;
    int64_t tap, depth;

    // kPlanes vectors, of a channel.
    template <Rows kRows>
    FCIS_WINO_INLINE void Transform(int64_t k, float* planes) const {
      W::template KernelAt<kRows>(weights +
                                      k / kWinoBlock * kTaps * kTaps * kTap +
                                      k % kWinoBlock * kWinoBlock,
                                  tap, planes, kLength);
    }
  };
  static Kernels KernelsAt(const WinoTask& t, int64_t output, int64_t channel) {
    const float* const weights = W::Weights(t, output, channel);
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
    V sums[kPlanes], most[kPlanes];
    for (int p = 0; p < kPlanes; ++p) sums[p] = most[p] = S::Set(0);
    for (int64_t k = 0; k < kernels.depth; ++k) {
      kernels.template Transform<kRows>(k, planes);
#pragma GCC unroll 12
      for (int p = 0; p < kPlanes; ++p) {
        const V v = S::Load(planes + p * kLength);
        sums[p] = Own::AddWeight(v, sums[p]);
        most[p] = _mm512_max_ps(_mm512_abs_ps(v), most[p]);
      }
    }
    for (int p = 0; p < kPlanes; ++p) {
      const Factors f =
          Own::WeightFactors(static_cast<int>(kRows) * kPlanes + p,
                             kernels.depth, sums[p], most[p]);
      S::Store(enlarging + p * kLength, f.enlarging);
      S::Store(reinterpret_cast<float*>(factors + p * factor_step), f.reducing);
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
      kernels.template Transform<kRows>(k, one);
      kernels.template Transform<kRows>(k + 1, other);
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

// Maps in bf16.
struct WinoOfBf16 : WinoNarrow<WinoOfBf16, uint16_t, WinoPoints> {
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
    W::TransformIn<kRows>(one, channel, channel + depth, buffers.wide,
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

  // Adds the bias.
  struct Ending {
    FCIS_WINO_INLINE Ending(const Task& t, int64_t output)
        : bias(S::Load(t.bias + output)), relu(t.relu) {}
    FCIS_WINO_INLINE void Store(V sum, uint16_t* to) const {
      sum = sum + bias;
      if (relu) sum = _mm512_max_ps(S::Set(0), sum);  // NaN stays
      const __m256bh narrow = _mm512_cvtneps_pbh(sum);
      __builtin_memcpy(to, &narrow, sizeof(narrow));
    }
    V bias;
    bool relu;
  };

  static FCIS_WINO_INLINE V AddWeight(V weight, V squares) {
    return S::Fma(weight, weight, squares);
  }
  static FCIS_WINO_INLINE Factors WeightFactors(int /*plane*/,
                                                int64_t /*depth*/, V squares,
                                                V most) {
    const V root = Products::Root(squares, most, kWinoNarrowKernel);
    return {Products::Enlarging(squares, root, kWinoNarrowKernel),
            root * S::Set(1 / kWinoNarrowKernel)};
  }
};

// With these points B, and so B^T d B, is of whole numbers.
struct WinoWholePoints {
  static constexpr double kA = 1, kB = 2;
};

// Maps of 8 bits.
struct WinoOfU8 : WinoNarrow<WinoOfU8, uint8_t, WinoWholePoints> {
  static constexpr int64_t kLanes = 32;  // channels of a vector

  // The rows of B^T d, in the order of the planes.
  static FCIS_WINO_INLINE void In(const __m512i* d, __m512i* to) {
    const auto four = [](__m512i v) { return _mm512_slli_epi16(v, 2); };
    const __m512i d4_d2 = _mm512_sub_epi16(d[4], d[2]);
    const __m512i d3_d1 = _mm512_sub_epi16(d[3], d[1]);
    const __m512i twice = _mm512_add_epi16(d3_d1, d3_d1);
    const __m512i even = _mm512_sub_epi16(d[4], four(d[2]));
    const __m512i odd = _mm512_sub_epi16(d[3], four(d[1]));
    to[0] = _mm512_add_epi16(even, odd);
    to[1] = _mm512_sub_epi16(even, odd);
    to[2] = _mm512_add_epi16(d4_d2, twice);
    to[3] = _mm512_sub_epi16(d4_d2, twice);
    // 4 d0 - 5 d2 + d4 and 4 d1 - 5 d3 + d5.
    to[4] = _mm512_add_epi16(d4_d2, four(_mm512_sub_epi16(d[0], d[2])));
    to[5] = _mm512_sub_epi16(_mm512_sub_epi16(d[5], d[3]), four(d3_d1));
  }

  // All planes of B^T d B of kLanes channels of a tile.
  static FCIS_WINO_INLINE void In(const uint8_t* const* d, int64_t channel,
                                  int64_t plane, int16_t* to) {
    __m512i rows[kIn][kIn];
#pragma GCC unroll 6
    for (int c = 0; c < kIn; ++c) {
      __m512i column[kIn], of_column[kIn];
#pragma GCC unroll 6
      for (int r = 0; r < kIn; ++r) {
        column[r] = _mm512_cvtepu8_epi16(_mm256_loadu_si256(
            reinterpret_cast<const __m256i*>(d[r * kIn + c] + channel)));
      }
      In(column, of_column);
#pragma GCC unroll 6
      for (int r = 0; r < kIn; ++r) rows[r][c] = of_column[r];
    }
#pragma GCC unroll 6
    for (int r = 0; r < kIn; ++r) {
      __m512i of_row[kIn];
      In(rows[r], of_row);
#pragma GCC unroll 6
      for (int c = 0; c < kIn; ++c) {
        _mm512_storeu_si512(to + (r * kIn + c) * plane, of_row[c]);
      }
    }
  }

  static void TransformIn(const Task& t, const Buffers& buffers) {
    // The factors of tiles.
    for (int64_t i = 0; i < kWinoAllPlanes * buffers.blocks * t.num_tiles;
         ++i) {
      buffers.factors[i] = 1;
    }
    for (int i = 0; i < t.num_tiles; ++i) {
      const uint8_t* d[kIn * kIn];
      W::FindInputs(t, t.tiles[i], 0, d);
      for (int64_t k = 0; k < t.channels; k += kLanes) {
        const int64_t block = k / kWinoNarrowDepth * kWinoNarrowDepth;
        In(d, k, buffers.in_plane,
           buffers.in + block * t.num_tiles +
               i * NarrowDepth(t.channels - block) + k - block);
      }
    }
  }

  // Sums and bias to the code of y.
  struct Ending {
    FCIS_WINO_INLINE Ending(const Task& t, int64_t output)
        : bias(S::Load(t.bias + output)), factor(S::Load(t.factors + output)) {}
    FCIS_WINO_INLINE void Store(V sum, uint8_t* to) const {
      const V y = _mm512_max_ps((sum + bias) * factor, S::Set(0));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                       _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(y)));
    }
    V bias, factor;
  };

  static FCIS_WINO_INLINE V AddWeight(V weight, V sum) {
    return sum + _mm512_abs_ps(weight);
  }

  // Of a plane of B^T d B, d being of 0 .. 255: the largest size.
  static constexpr int Most(int plane) {
    // Of a row of B, by the pairs of planes: the sums of what is positive and
    // of what is not.
    constexpr int kPlus[] = {2, 3, 5}, kMinus[] = {8, 3, 5};
    const int r = plane / kIn / 2, c = plane % kIn / 2;
    const int plus = kPlus[r] * kPlus[c] + kMinus[r] * kMinus[c];
    const int minus = kPlus[r] * kMinus[c] + kMinus[r] * kPlus[c];
    return 255 * (plus > minus ? plus : minus);
  }

  // No sum of products overflows: Most times the sizes of the weights, each of
  // which rounding makes larger by a half, is below 2^31. Nor does a weight.
  static FCIS_WINO_INLINE Factors WeightFactors(int plane, int64_t depth, V sum,
                                                V most) {
    // Of the sum and of the largest weight; both are rounded by less.
    constexpr float kRounded = 0.9999f, kLargest = 32767 * kRounded;
    const float largest_sum =
        kRounded * 0x1p31f / static_cast<float>(Most(plane)) -
        0.5f * static_cast<float>(depth);
    const V reducing = _mm512_max_ps(sum * S::Set(1 / largest_sum),
                                     most * S::Set(1 / kLargest));
    return {Products::Enlarging(sum, reducing, 1), reducing};
  }
};

}  // namespace

void WinoNarrowVnni(const WinoNarrowTask<uint16_t>& task) {
  WinoOfBf16::Run(task);
}
void WinoNarrowWeightsVnni(const WinoTask& task, int16_t* to) {
  WinoOfBf16::NarrowWeights(task, to);
}
void WinoWholeVnni(const WinoNarrowTask<uint8_t>& task) { WinoOfU8::Run(task); }
void WinoWholeWeightsVnni(const WinoTask& task, int16_t* to) {
  WinoOfU8::NarrowWeights(task, to);
}

}  // namespace fcis::kernels
