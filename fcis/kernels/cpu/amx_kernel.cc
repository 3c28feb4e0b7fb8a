#include "fcis/kernels/cpu/amx_kernel.h"

#include <immintrin.h>

#include <cstring>

namespace fcis::kernels {
namespace {

// Tiles: sums of two tiles of pixels by two of outputs, then pixels, weights.
constexpr int kC00 = 0, kC01 = 1, kC10 = 2, kC11 = 3, kA0 = 4, kA1 = 5, kB0 = 6,
              kB1 = 7;

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

constexpr int64_t SizeOf(DType type) {
  return type == DType::kF32 ? 4 : type == DType::kBF16 ? 2 : 1;
}

enum class Operand { kBf16, kU8, kI8 };

// The macros take literal numbers of tiles.
#define FCIS_PRODUCT(c, a, b)                     \
  do {                                            \
    if constexpr (kType == Operand::kBf16) {      \
      _tile_dpbf16ps(c, a, b);                    \
    } else if constexpr (kType == Operand::kU8) { \
      _tile_dpbusd(c, a, b);                      \
    } else {                                      \
      _tile_dpbssd(c, a, b);                      \
    }                                             \
  } while (false)

template <Operand kType, bool kTwoHigh, bool kTwoWide>
void MultiplyTiles(const AmxPanel& p) {
  float* const beside = p.sums + p.sums_beside;
  float* const below = p.sums + p.sums_below;
  float* const last = below + p.sums_beside;
  if (p.adds) {
    _tile_loadd(0, p.sums, p.sums_row);
    if constexpr (kTwoWide) _tile_loadd(1, beside, p.sums_row);
    if constexpr (kTwoHigh) _tile_loadd(2, below, p.sums_row);
    if constexpr (kTwoHigh && kTwoWide) _tile_loadd(3, last, p.sums_row);
  } else {
    _tile_zero(0);
    if constexpr (kTwoWide) _tile_zero(1);
    if constexpr (kTwoHigh) _tile_zero(2);
    if constexpr (kTwoHigh && kTwoWide) _tile_zero(3);
  }
  const char *w0 = p.weights, *w1 = p.weights1;
  const char* const lower = p.x + kAmxTile * p.x_pixel;
  for (int64_t s = 0; s < p.num_steps; ++s) {
    _tile_loadd(6, w0, kAmxRow);
    _tile_loadd(4, p.x + p.steps[s], p.x_pixel);
    FCIS_PRODUCT(0, 4, 6);
    if constexpr (kTwoHigh) {
      _tile_loadd(5, lower + p.steps[s], p.x_pixel);
      FCIS_PRODUCT(2, 5, 6);
    }
    if constexpr (kTwoWide) {
      _tile_loadd(7, w1, kAmxRow);
      FCIS_PRODUCT(1, 4, 7);
      if constexpr (kTwoHigh) FCIS_PRODUCT(3, 5, 7);
      w1 += p.step_size;
    }
    w0 += p.step_size;
  }
  _tile_stored(0, p.sums, p.sums_row);
  if constexpr (kTwoWide) _tile_stored(1, beside, p.sums_row);
  if constexpr (kTwoHigh) _tile_stored(2, below, p.sums_row);
  if constexpr (kTwoHigh && kTwoWide) _tile_stored(3, last, p.sums_row);
}
#undef FCIS_PRODUCT

template <Operand kType>
void Multiply(const AmxPanel& p, bool two_high, bool two_wide) {
  if (two_high) {
    two_wide ? MultiplyTiles<kType, true, true>(p)
             : MultiplyTiles<kType, true, false>(p);
  } else {
    two_wide ? MultiplyTiles<kType, false, true>(p)
             : MultiplyTiles<kType, false, false>(p);
  }
}

// Of the first `count` of kAmxTile elements; none: count <= 0.
__mmask16 MaskOf(int64_t count) {
  return count >= kAmxTile ? 0xFFFF
         : count <= 0      ? 0
                           : static_cast<__mmask16>((1u << count) - 1);
}

__m512 FromBf16s(__m256i bits) {
  return _mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

// Elements as floats, 0 where the mask says so; `whole`: it never does.
template <DType kResidual>
__m512 Load(const char* at, __mmask16 mask, bool whole) {
  if constexpr (kResidual == DType::kBF16) {
    return FromBf16s(
        whole ? _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))
              : _mm256_maskz_loadu_epi16(mask, at));
  } else {
    const __m128i bytes =
        whole ? _mm_loadu_si128(reinterpret_cast<const __m128i*>(at))
              : _mm_maskz_loadu_epi8(mask, at);
    return _mm512_cvtepi32_ps(kResidual == DType::kU8
                                  ? _mm512_cvtepu8_epi32(bytes)
                                  : _mm512_cvtepi8_epi32(bytes));
  }
}

__m512i Clamped(__m512 v, float least, float most) {
  // NaN becomes the least: the second operand wins.
  return _mm512_cvtps_epi32(_mm512_min_ps(
      _mm512_max_ps(v, _mm512_set1_ps(least)), _mm512_set1_ps(most)));
}

template <DType kY>
void Store(__m512 v, char* at, __mmask16 mask, bool whole) {
  if constexpr (kY == DType::kF32) {
    _mm512_mask_storeu_ps(at, mask, v);
  } else if constexpr (kY == DType::kBF16) {
    const __m256bh narrow = _mm512_cvtneps_pbh(v);
    __m256i bits;
    std::memcpy(&bits, &narrow, sizeof(bits));
    if (whole) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), bits);
    } else {
      _mm256_mask_storeu_epi16(at, mask, bits);
    }
  } else {
    const __m128i bytes = _mm512_cvtepi32_epi8(
        kY == DType::kU8 ? Clamped(v, 0, 255) : Clamped(v, -128, 127));
    if (whole) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(at), bytes);
    } else {
      _mm_mask_storeu_epi8(at, mask, bytes);
    }
  }
}

// What two tiles of outputs have beside their sums.
struct Scales {
  Scales(const AmxTask& task, int64_t output) {
    for (int tile = 0; tile < 2; ++tile) {
      const int64_t first = output + tile * kAmxTile;
      const int64_t rest = task.outputs - first;
      mask[tile] = MaskOf(rest);
      if (rest <= 0) continue;
      bias[tile] = _mm512_loadu_ps(task.bias + first);
      if (task.factor != nullptr) {
        factor[tile] = _mm512_loadu_ps(task.factor + first);
      }
    }
    residual = _mm512_set1_ps(task.residual_factor);
    relu = task.relu ? 0xFFFF : 0;
  }

  __m512 bias[2] = {}, factor[2] = {}, residual;
  __mmask16 mask[2], relu;
};

// The outputs of `high` pixels from their sums. residual and y: of the first
// pixel, `stride` elements apart.
using Finish = void (*)(const Scales& scales, const float* sums, int64_t high,
                        int64_t stride, const char* residual, char* y);

template <Operand kType, DType kY, DType kResidual, bool kAdds>
struct Finisher {
  template <bool kWhole>
  static void Run(const Scales& scales, const float* sums, int64_t high,
                  int64_t stride, const char* residual, char* y) {
    const Scales s = scales;
    for (int64_t i = 0; i < high; ++i) {
      const float* const from = sums + 2 * i * kAmxTile;
      const int64_t at = i * stride, next = at + kAmxTile;
      char* const to = y + at * SizeOf(kY);
      const __m512 v = Value<kWhole, 0>(s, from, residual, at);
      if constexpr (kWhole && kY == DType::kBF16) {
        const __m512 w = Value<kWhole, 1>(s, from, residual, next);
        const __m512bh narrow = _mm512_cvtne2ps_pbh(w, v);
        __m512i bits;
        std::memcpy(&bits, &narrow, sizeof(bits));
        _mm512_storeu_si512(to, bits);
        continue;
      }
      Store<kY>(v, to, s.mask[0], kWhole);
      if (!kWhole && s.mask[1] == 0) continue;
      Store<kY>(Value<kWhole, 1>(s, from, residual, next),
                to + kAmxTile * SizeOf(kY), s.mask[1], kWhole);
    }
  }

  // Of a pixel, for the outputs of a tile; at: their first element of y.
  template <bool kWhole, int kTile>
  static __m512 Value(const Scales& s, const float* sums, const char* residual,
                      int64_t at) {
    const float* const from = sums + kTile * kAmxTile;
    __m512 v;
    if constexpr (kType == Operand::kBf16) {
      v = _mm512_add_ps(_mm512_loadu_ps(from), s.bias[kTile]);
    } else {
      v = _mm512_cvtepi32_ps(_mm512_loadu_si512(from));
      v = _mm512_mul_ps(_mm512_add_ps(v, s.bias[kTile]), s.factor[kTile]);
    }
    if constexpr (kAdds) {
      __m512 added = Load<kResidual>(residual + at * SizeOf(kResidual),
                                     s.mask[kTile], kWhole);
      if constexpr (kType != Operand::kBf16) {
        added = _mm512_mul_ps(s.residual, added);
      }
      v = _mm512_add_ps(v, added);
    }
    return _mm512_mask_max_ps(v, s.relu, v, _mm512_setzero_ps());
  }

  static void Finish(const Scales& scales, const float* sums, int64_t high,
                     int64_t stride, const char* residual, char* y) {
    if (scales.mask[1] == 0xFFFF) {
      Run<true>(scales, sums, high, stride, residual, y);
    } else {
      Run<false>(scales, sums, high, stride, residual, y);
    }
  }
};

template <Operand kType, DType kY>
Finish FinishInto(const AmxTask& t) {
  if (t.residual == nullptr) return Finisher<kType, kY, kY, false>::Finish;
  switch (t.residual_type) {
    case DType::kBF16:
      return Finisher<kType, kY, DType::kBF16, true>::Finish;
    case DType::kU8:
      return Finisher<kType, kY, DType::kU8, true>::Finish;
    default:
      return Finisher<kType, kY, DType::kI8, true>::Finish;
  }
}

template <Operand kType>
Finish FinishOf(const AmxTask& t) {
  switch (t.y_type) {
    case DType::kF32:
      return FinishInto<kType, DType::kF32>(t);
    case DType::kBF16:
      return FinishInto<kType, DType::kBF16>(t);
    case DType::kU8:
      return FinishInto<kType, DType::kU8>(t);
    default:
      return FinishInto<kType, DType::kI8>(t);
  }
}

template <Operand kType>
class Runner {
 public:
  explicit Runner(const AmxTask& task)
      : t_(task),
        step_size_(task.step_bytes * kAmxTile),
        finish_(FinishOf<kType>(task)) {}

  void Run() {
    const int64_t weight_bytes = t_.outputs * t_.num_steps * t_.step_bytes;
    if (t_.num_steps <= kFewSteps && weight_bytes <= kFewWeights) {
      // Storing takes longer than multiplying: all outputs of a pixel, one
      // after the other, as they stand in memory.
      ForBlocks([&](int64_t row, int64_t px) {
        for (int64_t o = 0; o < t_.outputs; o += kWide) {
          Block(row, px, o, 0, t_.num_steps, NextSums());
        }
      });
    } else {
      for (int64_t o = 0; o < t_.outputs; o += kWide) RunColumns(o);
    }
    FinishWaiting();
  }

 private:
  static constexpr int64_t kHigh = 2 * kAmxTile, kWide = 2 * kAmxTile;
  // Of which the weights may pass by again for every block of pixels.
  static constexpr int64_t kFewSteps = 4, kFewWeights = 128 << 10;  // bytes

  template <typename Body>
  void ForBlocks(const Body& body) const {
    for (int64_t row = 0; row < t_.rows; ++row) {
      for (int64_t px = 0; px < t_.width; px += kHigh) body(row, px);
    }
  }

  // The outputs of two tiles, of all pixels: their weights, or a panel of them,
  // stay in the L1 cache.
  void RunColumns(int64_t output) {
    const int64_t panels = (t_.num_steps + kAmxPanel - 1) / kAmxPanel;
    const int64_t each = (t_.num_steps + panels - 1) / panels;
    const int64_t blocks = t_.rows * ((t_.width + kHigh - 1) / kHigh);
    for (int64_t s = 0; s < t_.num_steps; s += each) {
      const int64_t end = s + each < t_.num_steps ? s + each : t_.num_steps;
      const bool last = end == t_.num_steps;
      const char* const next =
          last ? WeightsAt(output + kWide, 0) : WeightsAt(output, end);
      const int64_t ahead =
          last && output + kWide >= t_.outputs ? 0 : each * step_size_;
      int64_t block = 0;
      ForBlocks([&](int64_t row, int64_t px) {
        Fetch(next, ahead * block / blocks, ahead * (block + 1) / blocks);
        ++block;
        float* const at =
            panels == 1 ? NextSums() : t_.sums + (row * t_.width + px) * kWide;
        Block(row, px, output, s, end, at);
      });
    }
    // Their sums are in the way of the next two tiles'.
    if (panels > 1) FinishWaiting();
  }

  const char* WeightsAt(int64_t output, int64_t step) const {
    return t_.weights + (output / kAmxTile * t_.num_steps + step) * step_size_;
  }

  // Weights of two tiles of outputs that come next: from memory, while others
  // are multiplied.
  void Fetch(const char* weights, int64_t begin, int64_t end) const {
    constexpr int64_t kLine = 64;
    for (int64_t i = begin / kLine * kLine; i < end; i += kLine) {
      _mm_prefetch(weights + i, _MM_HINT_T1);
      _mm_prefetch(weights + t_.num_steps * step_size_ + i, _MM_HINT_T1);
    }
  }

  float* NextSums() {
    turn_ = 1 - turn_;
    return sums_[turn_];
  }

  void Block(int64_t row, int64_t px, int64_t output, int64_t begin,
             int64_t end, float* sums) {
    const int64_t high = t_.width - px < kHigh ? t_.width - px : kHigh;
    const bool two_wide = t_.outputs - output > kAmxTile;
    Fit(high);
    AmxPanel p;
    p.x = t_.x + row * t_.x_row + px * t_.x_pixel;
    p.x_pixel = t_.x_pixel;
    p.steps = t_.steps + begin;
    p.num_steps = end - begin;
    p.weights =
        t_.weights + (output / kAmxTile * t_.num_steps + begin) * step_size_;
    p.weights1 = p.weights + t_.num_steps * step_size_;
    p.step_size = step_size_;
    p.sums = sums;
    p.sums_row = kWide * static_cast<int64_t>(sizeof(float));
    p.sums_below = kAmxTile * kWide;
    p.sums_beside = kAmxTile;
    p.adds = begin > 0;
    Multiply<kType>(p, high > kAmxTile, two_wide);
    if (end < t_.num_steps) return;
    FinishWaiting();
    waiting_ = {sums, high, output,
                (row * t_.width + px) * t_.outputs + output};
  }

  // The outputs of the block before the one that is multiplied: the CPU does
  // both at once.
  void FinishWaiting() {
    if (waiting_.high == 0) return;
    finish_(Scales(t_, waiting_.output), waiting_.sums, waiting_.high,
            t_.outputs,
            t_.residual == nullptr
                ? nullptr
                : t_.residual + waiting_.at * SizeOf(t_.residual_type),
            t_.y + waiting_.at * SizeOf(t_.y_type));
    waiting_.high = 0;
  }

  // Tiles for so many pixels; setting them up takes time.
  void Fit(int64_t high) {
    const int64_t high0 = high < kAmxTile ? high : kAmxTile;
    const int64_t high1 = high > kAmxTile ? high - kAmxTile : kAmxTile;
    if (high0 == high0_ && (high <= kAmxTile || high1 == high1_)) return;
    ConfigureAmx(high0, high1, t_.step_bytes);
    high0_ = high0;
    high1_ = high1;
  }

  const AmxTask& t_;
  const int64_t step_size_;
  const Finish finish_;
  int64_t high0_ = 0, high1_ = 0;
  int turn_ = 0;
  alignas(64) float sums_[2][kHigh * kWide];
  struct {
    const float* sums;
    int64_t high;  // pixels; 0: nothing waits
    int64_t output;
    int64_t at;  // their first element of y
  } waiting_ = {nullptr, 0, 0, 0};
};

template <Operand kType>
void RunAs(const AmxTask& task) {
  Runner<kType>(task).Run();
}

}  // namespace

void ConfigureAmx(int64_t high0, int64_t high1, int64_t step_bytes) {
  TileConfig config;
  const auto set = [&](int tile, int64_t rows, int64_t bytes) {
    config.rows[tile] = static_cast<uint8_t>(rows);
    config.row_bytes[tile] = static_cast<uint16_t>(bytes);
  };
  for (const int tile : {kC00, kC01}) set(tile, high0, kAmxRow);
  for (const int tile : {kC10, kC11}) set(tile, high1, kAmxRow);
  set(kA0, high0, step_bytes);
  set(kA1, high1, step_bytes);
  for (const int tile : {kB0, kB1}) set(tile, step_bytes / 4, kAmxRow);
  // GCC thinks that it reads a pointer's length only.
  asm volatile("" : : "r"(&config) : "memory");
  _tile_loadconfig(&config);
}

void MultiplyAmxBf16(const AmxPanel& panel, bool two_high, bool two_wide) {
  Multiply<Operand::kBf16>(panel, two_high, two_wide);
}

void ReleaseAmx() { _tile_release(); }

void RunAmx(const AmxTask& task) {
  switch (task.multiplied) {
    case DType::kBF16:
      RunAs<Operand::kBf16>(task);
      break;
    case DType::kU8:
      RunAs<Operand::kU8>(task);
      break;
    default:
      RunAs<Operand::kI8>(task);
  }
  ReleaseAmx();
}

void ToBf16Row(const float* x, int64_t n, uint16_t* y) {
  for (int64_t i = 0; i < n; i += kAmxTile) {
    const __mmask16 mask = MaskOf(n - i);
    Store<DType::kBF16>(_mm512_maskz_loadu_ps(mask, x + i),
                        reinterpret_cast<char*>(y + i), mask, false);
  }
}

}  // namespace fcis::kernels
