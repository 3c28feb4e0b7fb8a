// The narrow gradient of wino_kernel.h: as wino_gradient_impl.h, with products
// of whole numbers.
#include <immintrin.h>

#include "fcis/kernels/cpu/fixed_count_impl.h"
#include "fcis/kernels/cpu/wino_avx512.h"
#include "fcis/kernels/cpu/wino_gradient_impl.h"
#include "fcis/kernels/cpu/wino_kernel.h"
#include "fcis/kernels/cpu/wino_kernel_impl.h"
#include "fcis/kernels/cpu/wino_narrow_impl.h"

namespace fcis::kernels {
namespace {

struct WinoNarrowGradient : WinoGradient<Avx512, uint16_t> {
  using S = Avx512;
  using Products = WinoNarrowProducts;

  // out: planes of [tiles, kWidth], of gy or of so many channels; sums: of
  // [channels, kWidth]; factors: of [kWinoDepth], of the channels; left: of
  // [pairs of tiles, channels, 2]; right: of [pairs of tiles, outputs, 2], and
  // as floats a factor per output.
  struct Buffers {
    explicit Buffers(const Task& t)
        : depth(t.end_channel - t.first_channel),
          pairs((t.num_tiles + 1) / 2),
          out_plane(t.num_tiles * int64_t{kWidth} + kWinoPad),
          sum_plane(depth * kWidth + kWinoPad),
          left_plane(pairs * depth * 2 + 2 * kWinoPad),
          right_plane((pairs + 1) * kWidth * 2 + 2 * kWinoPad),
          out(t.scratch),
          sums(out + kPlanes * out_plane),
          factors(sums + kPlanes * sum_plane),
          left(reinterpret_cast<int16_t*>(factors + kPlanes * kWinoDepth)),
          right(left + kPlanes * left_plane) {}
    const int64_t depth, pairs, out_plane, sum_plane, left_plane, right_plane;
    float *out, *sums, *factors;
    int16_t *left, *right;
  };

  // A vector of columns of [tiles, row] to whole numbers, of pairs of tiles
  // to_pair apart, and what leads back.
  static void Narrow(const float* wide, int64_t row, int tiles, float size,
                     int16_t* to, int64_t to_pair, float* factors) {
    V squares[2] = {S::Set(0), S::Set(0)}, most = S::Set(0);
    for (int i = 0; i < tiles; ++i) {
      const V v = S::Load(wide + i * row);
      squares[i % 2] = S::Fma(v, v, squares[i % 2]);
      most = _mm512_max_ps(_mm512_abs_ps(v), most);
    }
    const V sum = squares[0] + squares[1];
    const V root = Products::Root(sum, most, size);
    const V factor = Products::Enlarging(sum, root, size);
    S::Store(factors, root * S::Set(1 / size));
    for (int i = 0; i < tiles; i += 2, to += to_pair) {
      const bool both = i + 1 < tiles;
      Products::StorePair(
          S::Load(wide + i * row) * factor,
          both ? S::Load(wide + (i + 1) * row) * factor : S::Set(0), to);
    }
  }

  template <Rows kRows>
  static void TransformIn(const Task& t, const Buffers& buffers) {
    for (int64_t k = 0; k < buffers.depth; k += kWidth) {
      const int64_t left = buffers.depth - k;
      const int64_t columns = left < kWidth ? left : kWidth;
      W::template TransformIn<kRows>(t, t.first_channel + k,
                                     t.first_channel + k + columns, buffers.out,
                                     buffers.out_plane);
      for (int p = 0; p < kPlanes; ++p) {
        for (int64_t c = 0; c < columns; c += kLength) {
          Narrow(buffers.out + p * buffers.out_plane + c, columns, t.num_tiles,
                 kWinoNarrowTile,
                 buffers.left + p * buffers.left_plane + 2 * (k + c),
                 2 * buffers.depth, buffers.factors + p * kWinoDepth + k + c);
        }
      }
    }
  }

  static void NarrowOut(const Task& t, const Buffers& buffers, int vectors) {
    const int64_t pair = 2 * vectors * kLength;
    for (int p = 0; p < kPlanes; ++p) {
      int16_t* const to = buffers.right + p * buffers.right_plane;
      auto* const factors = reinterpret_cast<float*>(to + buffers.pairs * pair);
      for (int v = 0; v < vectors; ++v) {
        const int64_t c = v * kLength;
        Narrow(buffers.out + p * buffers.out_plane + c, kWidth, t.num_tiles,
               kWinoNarrowKernel, to + 2 * c, pair, factors + c);
      }
    }
  }

  static void Multiply(const Task& t, const Buffers& buffers, int vectors) {
    NarrowOut(t, buffers, vectors);
    const int64_t depth = buffers.depth;
    const int64_t strips = (depth + S::kTiles - 1) / S::kTiles;
    for (int p = 0; p < kPlanes; ++p) {
      for (int64_t s = 0; s < strips; ++s) {
        const int64_t first = depth * s / strips;
        const int64_t rows = depth * (s + 1) / strips - first;
        Products::Operands o;
        o.a = buffers.left + p * buffers.left_plane + 2 * first;
        o.a_row = 2;
        o.a_pair = 2 * depth;
        o.pairs = buffers.pairs;
        o.b = buffers.right + p * buffers.right_plane;
        o.factors = buffers.factors + p * kWinoDepth + first;
        o.add = false;
        // All of it is near.
        o.next_rows = o.next = o.b;
        o.step = 0;
        o.to = buffers.sums + p * buffers.sum_plane + first * kWidth;
        WithCounts<S::kTiles, kVectors>(rows, vectors, [&](auto r, auto v) {
          Products::Product<r.value, v.value>(o);
        });
      }
    }
  }
};

}  // namespace

void WinoNarrowGradientVnni(const WinoGradientTask<uint16_t>& task) {
  WinoNarrowGradient::RunAs<WinoNarrowGradient>(task);
}

}  // namespace fcis::kernels
