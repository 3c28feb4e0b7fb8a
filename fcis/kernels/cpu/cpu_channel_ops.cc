#include "fcis/kernels/cpu/cpu_channel_ops.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/round_up.h"
#include "fcis/kernels/bf16.h"

namespace fcis::kernels {
namespace {

// Lanes that an inner loop of fixed length takes at once.
constexpr int64_t kLanes = 16;

// Inlined into the versions for each instruction set.
#define FCIS_INLINE inline __attribute__((always_inline))

// GCC and Clang keep these in registers, where they leave arrays in memory.
constexpr int64_t kVector = 8;
typedef float Floats __attribute__((vector_size(kVector * sizeof(float))));
typedef double Doubles __attribute__((vector_size(kVector * sizeof(double))));

FCIS_INLINE void Load(const float* from, Doubles* to) {
  Floats values;
  std::memcpy(&values, from, sizeof(values));
  *to = __builtin_convertvector(values, Doubles);
}

FCIS_INLINE void Load(const uint16_t* from, Doubles* to) {
  typedef uint16_t Halves __attribute__((vector_size(kVector * 2)));
  typedef uint32_t Words __attribute__((vector_size(kVector * 4)));
  Halves halves;
  std::memcpy(&halves, from, sizeof(halves));
  const Words bits = __builtin_convertvector(halves, Words) << 16;
  Floats values;  // as FromBf16
  std::memcpy(&values, &bits, sizeof(values));
  *to = __builtin_convertvector(values, Doubles);
}

// Adds to the sums of kVectors * kVector lanes; several hide the latency of
// additions.
template <int kVectors, typename T>
FCIS_INLINE void SumVectors(const T* a, const T* b, int64_t rows,
                            int64_t stride, double* sum, double* product) {
  Doubles s[kVectors], p[kVectors], x, y;
  std::memcpy(s, sum, sizeof(s));
  std::memcpy(p, product, sizeof(p));
  for (int64_t r = 0; r < rows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      Load(a + r * stride + v * kVector, &x);
      Load(b + r * stride + v * kVector, &y);
      s[v] += x;
      p[v] += x * y;
    }
  }
  std::memcpy(sum, s, sizeof(s));
  std::memcpy(product, p, sizeof(p));
}

template <typename T>
FCIS_INLINE void SumRowsOf(const T* a, const T* b, int64_t rows, int64_t lanes,
                           double* sum, double* product) {
  // Rows that stay in the level-1 cache while one vector after the other passes
  // through them.
  constexpr int64_t kElements = 16384 / sizeof(T);
  const int64_t step = std::max<int64_t>(1, kElements / lanes);
  std::fill_n(sum, lanes, 0.0);
  std::fill_n(product, lanes, 0.0);
  for (int64_t r0 = 0; r0 < rows; r0 += step) {
    const T *x = a + r0 * lanes, *y = b + r0 * lanes;
    const int64_t n = std::min(step, rows - r0);
    int64_t l = 0;
    for (; l + 2 * kVector <= lanes; l += 2 * kVector) {
      SumVectors<2>(x + l, y + l, n, lanes, sum + l, product + l);
    }
    for (; l + kVector <= lanes; l += kVector) {
      SumVectors<1>(x + l, y + l, n, lanes, sum + l, product + l);
    }
    for (; l < lanes; ++l) {
      for (int64_t r = 0; r < n; ++r) {
        const double v = LoadF32(x[r * lanes + l]);
        sum[l] += v;
        product[l] += v * static_cast<double>(LoadF32(y[r * lanes + l]));
      }
    }
  }
}

FCIS_MULTIVERSION void SumRows(const float* a, const float* b, int64_t rows,
                               int64_t lanes, double* sum, double* product) {
  SumRowsOf(a, b, rows, lanes, sum, product);
}
FCIS_MULTIVERSION void SumRows(const uint16_t* a, const uint16_t* b,
                               int64_t rows, int64_t lanes, double* sum,
                               double* product) {
  SumRowsOf(a, b, rows, lanes, sum, product);
}

// Of the lanes of a plane; least: 0 with a ReLU.
struct Coefficients {
  const float *mean, *scale, *shift, *other_scale;
  float least;
};

// kFixed: `lanes` known to the compiler, or 0.
template <int64_t kFixed, bool kOther, typename T>
FCIS_INLINE void AffineRowsOf(const Coefficients& c, const T* x, const T* other,
                              int64_t rows, int64_t lanes, T* y) {
  const int64_t n = kFixed > 0 ? kFixed : lanes;
  const float* __restrict mean = c.mean, * __restrict scale = c.scale, * __restrict shift = c.shift, * __restrict other_scale = c.other_scale;
  const float least = c.least;
  for (int64_t r = 0; r < rows; ++r) {
    const T* __restrict in = x + r * n;
    const T* __restrict add = kOther ? other + r * n : nullptr;
    T* __restrict out = y + r * n;
    for (int64_t l = 0; l < n; ++l) {
      float v = scale[l] * (LoadF32(in[l]) - mean[l]) + shift[l];
      if (kOther) v += other_scale[l] * LoadF32(add[l]);
      StoreF32(v < least ? least : v, out + l);  // what is no number stays so
    }
  }
}

template <typename T>
FCIS_INLINE void AffineRowsOfAny(const Coefficients& c, const T* x,
                                 const T* other, int64_t rows, int64_t lanes,
                                 T* y) {
  if (lanes == kLanes) {
    other == nullptr ? AffineRowsOf<kLanes, false>(c, x, other, rows, lanes, y)
                     : AffineRowsOf<kLanes, true>(c, x, other, rows, lanes, y);
  } else {
    other == nullptr ? AffineRowsOf<0, false>(c, x, other, rows, lanes, y)
                     : AffineRowsOf<0, true>(c, x, other, rows, lanes, y);
  }
}

FCIS_MULTIVERSION void AffineRows(const Coefficients& c, const float* x,
                                  const float* other, int64_t rows,
                                  int64_t lanes, float* y) {
  AffineRowsOfAny(c, x, other, rows, lanes, y);
}
FCIS_MULTIVERSION void AffineRows(const Coefficients& c, const uint16_t* x,
                                  const uint16_t* other, int64_t rows,
                                  int64_t lanes, uint16_t* y) {
  AffineRowsOfAny(c, x, other, rows, lanes, y);
}

#undef FCIS_INLINE

// A map as planes of rows of `lanes` consecutive channels, cut into pieces of
// whole rows: what one thread does at a time, whatever the number of threads.
struct Pieces {
  Pieces(const Shape& shape, int64_t block) : lanes(block) {
    const int64_t pixels = shape.dim(1) * shape.dim(2);
    blocks = NumBlocks(shape.dim(3), block);
    // With all channels in a row, pictures lie one after the other as rows do.
    planes = blocks == 1 ? 1 : shape.dim(0) * blocks;
    rows = blocks == 1 ? shape.dim(0) * pixels : pixels;
    constexpr int64_t kElements = 8192, kLeastRows = 64;
    piece_rows = std::max(kLeastRows, kElements / lanes);
    per_plane = NumBlocks(rows, piece_rows);
  }

  int64_t count() const { return planes * per_plane; }
  int64_t padded_channels() const { return blocks * lanes; }
  // Of a piece: its first element, its rows, its first channel.
  int64_t begin(int64_t piece) const {
    return (piece / per_plane * rows + piece % per_plane * piece_rows) * lanes;
  }
  int64_t rows_of(int64_t piece) const {
    return std::min(piece_rows, rows - piece % per_plane * piece_rows);
  }
  int64_t channel(int64_t piece) const {
    return piece / per_plane % blocks * lanes;
  }

  int64_t lanes, blocks, planes, rows, piece_rows, per_plane;
};

template <typename T>
void SumAll(const Tensor& a, const Tensor& b, int64_t block, double* sum,
            double* product) {
  const Pieces pieces(a.shape(), block);
  const auto* from = static_cast<const T*>(a.raw());
  const auto* by = static_cast<const T*>(b.raw());
  const int64_t lanes = pieces.lanes;
  std::vector<double> partial(2 * lanes * pieces.count());
  ParallelForEach(pieces.count(), 1, [&](int64_t i) {
    SumRows(from + pieces.begin(i), by + pieces.begin(i), pieces.rows_of(i),
            lanes, &partial[2 * lanes * i], &partial[2 * lanes * i + lanes]);
  });
  const int64_t channels = a.shape().dim(3);
  std::fill_n(sum, channels, 0.0);
  std::fill_n(product, channels, 0.0);
  for (int64_t i = 0; i < pieces.count(); ++i) {
    const int64_t first = pieces.channel(i);
    const double* of_piece = &partial[2 * lanes * i];
    for (int64_t l = 0; l < std::min(lanes, channels - first); ++l) {
      sum[first + l] += of_piece[l];
      product[first + l] += of_piece[lanes + l];
    }
  }
}

template <typename T>
void AffineAll(const std::vector<float>& coefficients, float least,
               const Tensor& x, const Tensor* other, int64_t block, Tensor* y) {
  const Pieces pieces(x.shape(), block);
  const int64_t padded = pieces.padded_channels();
  const auto* from = static_cast<const T*>(x.raw());
  const auto* add =
      other == nullptr ? nullptr : static_cast<const T*>(other->raw());
  auto* to = static_cast<T*>(y->mutable_raw());
  ParallelForEach(pieces.count(), 1, [&](int64_t i) {
    const float* c = coefficients.data() + pieces.channel(i);
    const int64_t at = pieces.begin(i);
    AffineRows({c, c + padded, c + 2 * padded, c + 3 * padded, least},
               from + at, add == nullptr ? nullptr : add + at,
               pieces.rows_of(i), pieces.lanes, to + at);
  });
}

}  // namespace

void CpuChannelSums(const Tensor& a, const Tensor& b, int64_t block,
                    double* sum, double* product) {
  if (a.type() == DType::kF32) {
    SumAll<float>(a, b, block, sum, product);
  } else {
    SumAll<uint16_t>(a, b, block, sum, product);
  }
}

void CpuAffine(const ChannelAffine& affine, const Tensor& x,
               const Tensor* other, int64_t block, Tensor* y) {
  // Padding: all 0, so that the map's stays 0.
  const int64_t padded = Pieces(x.shape(), block).padded_channels();
  std::vector<float> coefficients(4 * padded);
  const auto put = [&](int index, absl::Span<const float> values) {
    std::copy(values.begin(), values.end(), &coefficients[index * padded]);
  };
  put(0, affine.mean);
  put(1, affine.scale);
  put(2, affine.shift);
  put(3, affine.other_scale);
  if (affine.other_scale.empty()) {
    std::fill_n(&coefficients[3 * padded], x.shape().dim(3), 1.0f);
  }
  const float least =
      affine.relu ? 0.0f : -std::numeric_limits<float>::infinity();
  if (x.type() == DType::kF32) {
    AffineAll<float>(coefficients, least, x, other, block, y);
  } else {
    AffineAll<uint16_t>(coefficients, least, x, other, block, y);
  }
}

}  // namespace fcis::kernels
