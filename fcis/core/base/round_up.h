// Blocks that hold so many elements. Numbers are >= 0, blocks >= 1.
#ifndef FCIS_CORE_BASE_ROUND_UP_H_
#define FCIS_CORE_BASE_ROUND_UP_H_

#include <cstdint>

namespace fcis {

// How many blocks n elements take.
constexpr int64_t NumBlocks(int64_t n, int64_t block) {
  return (n + block - 1) / block;
}

// n and what fills the last block.
constexpr int64_t RoundUp(int64_t n, int64_t block) {
  return NumBlocks(n, block) * block;
}

}  // namespace fcis

#endif  // FCIS_CORE_BASE_ROUND_UP_H_
