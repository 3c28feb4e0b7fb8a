// What few_pixels.h is made of: a share of it, on one thread. Needs
// AVX512_BF16; nothing here is inline, so that no code for one CPU is linked
// into what runs on another.
#ifndef FCIS_KERNELS_CPU_PAIR_KERNEL_AVX512_H_
#define FCIS_KERNELS_CPU_PAIR_KERNEL_AVX512_H_

#include <cstdint>

namespace fcis::kernels {

// Columns that are multiplied at a time, and half of them, which lie side by
// side.
inline constexpr int64_t kPairColumns = 32, kPairHalf = 16;

// to = a b, or added; of bf16, whose pairs of what is summed over lie side by
// side, with kPairColumns columns. Numbers below 2^-126 count as 0.
struct PairTask {
  int64_t rows, pairs;
  const uint16_t* a;
  int64_t a_row, a_pair;  // elements from one to the next
  // Pairs [kPairHalf, 2], and from the first columns to the others.
  const uint16_t* b;
  int64_t b_pair, b_half;
  const int32_t* b_pairs;  // which of them; null: the first ones
  float* to;
  int64_t to_row;
  const int32_t* to_rows;  // which of them; null: the first ones
  bool add;
};
void MultiplyPairsAvx512(const PairTask& task);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_PAIR_KERNEL_AVX512_H_
