#include "fcis/core/image/column_mixer.h"

#include <algorithm>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "fcis/core/base/multiversion.h"
#include "fcis/core/image/resize.h"

namespace fcis {
namespace {

constexpr int kChannels = 3;
// Results of a block, and values of the source that it may reach.
constexpr int kBlock = 16, kReach = 2 * kBlock;

FCIS_MULTIVERSION
void MixColumns(const float* row, const int* first, const int* second,
                const float* fraction, int n, float* out) {
  for (int i = 0; i < n; ++i) {
    out[i] = Lerp(row[first[i]], row[second[i]], fraction[i]);
  }
}

#if defined(__x86_64__)

bool HasBlocks() { return __builtin_cpu_supports("avx512f"); }

// Two loads and two permutations of registers instead of two gathers.
__attribute__((target("avx512f"))) void MixBlock(const float* row,
                                                 const int* first,
                                                 const int* second,
                                                 const float* fraction, int n,
                                                 float* out) {
  const __mmask16 wanted = static_cast<__mmask16>((1u << n) - 1);
  const __m512 low = _mm512_loadu_ps(row), high = _mm512_loadu_ps(row + kBlock);
  const __m512 a = _mm512_permutex2var_ps(
      low, _mm512_maskz_loadu_epi32(wanted, first), high);
  const __m512 b = _mm512_permutex2var_ps(
      low, _mm512_maskz_loadu_epi32(wanted, second), high);
  const __m512 f = _mm512_maskz_loadu_ps(wanted, fraction);
  // Lerp.
  const __m512 rest = _mm512_sub_ps(_mm512_set1_ps(1.0f), f);
  _mm512_mask_storeu_ps(
      out, wanted, _mm512_add_ps(_mm512_mul_ps(a, rest), _mm512_mul_ps(b, f)));
}

#else

bool HasBlocks() { return false; }
void MixBlock(const float*, const int*, const int*, const float*, int, float*) {
}

#endif

}  // namespace

ColumnMixer::ColumnMixer(int in, int out, bool mirrored)
    : source_size_(in * kChannels + kReach) {
  RecycledVector<BilinearTap> columns = BilinearTaps(in, out);
  if (mirrored) std::reverse(columns.begin(), columns.end());
  for (const BilinearTap& t : columns) {
    const int next = std::min(t.index + 1, in - 1);
    for (int c = 0; c < kChannels; ++c) {
      first_.push_back(t.index * kChannels + c);
      second_.push_back(next * kChannels + c);
      fraction_.push_back(t.fraction);
    }
  }
  if (!HasBlocks()) return;
  const int n = static_cast<int>(first_.size());
  RecycledVector<int> begin;
  for (int i = 0; i < n; i += kBlock) {
    const int end = std::min(n, i + kBlock);
    begin.push_back(*std::min_element(&first_[i], &first_[0] + end));
    const int last = *std::max_element(&second_[i], &second_[0] + end);
    if (last - begin.back() >= kReach) return;
  }
  begin_ = std::move(begin);
  for (int i = 0; i < n; ++i) {
    first_[i] -= begin_[i / kBlock];
    second_[i] -= begin_[i / kBlock];
  }
}

void ColumnMixer::Run(const float* from, float* to) const {
  const int n = static_cast<int>(first_.size());
  if (begin_.empty()) {
    MixColumns(from, first_.data(), second_.data(), fraction_.data(), n, to);
    return;
  }
  for (int i = 0; i < n; i += kBlock) {
    MixBlock(from + begin_[i / kBlock], &first_[i], &second_[i], &fraction_[i],
             std::min(kBlock, n - i), to + i);
  }
}

}  // namespace fcis
