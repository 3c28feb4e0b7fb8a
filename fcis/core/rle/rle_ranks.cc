#include "fcis/core/rle/rle_ranks.h"

#include <algorithm>

#include "fcis/core/base/multiversion.h"

namespace fcis {
namespace {

constexpr uint32_t kBits = 64;

uint64_t BitsBelow(uint32_t n) { return (uint64_t{1} << n) - 1; }

uint32_t Popcount(uint64_t bits) {
  return static_cast<uint32_t>(__builtin_popcountll(bits));
}

// Pairs of background and foreground; background at the end says nothing.
absl::Span<const uint32_t> PairsOf(absl::Span<const uint32_t> counts) {
  return counts.first(counts.size() / 2 * 2);
}

// Adds 2^end - 2^begin, which has the bits from begin to end, for each run of
// foreground, without carrying from word to word.
void AddRuns(absl::Span<const uint32_t> runs, uint64_t* bits) {
  uint32_t end = 0;
  for (size_t i = 1; i < runs.size(); i += 2) {
    const uint32_t begin = i == 1 ? 0 : end + runs[i - 1];
    end = begin + runs[i];
    bits[begin / kBits] -= uint64_t{1} << begin % kBits;
    bits[end / kBits] += uint64_t{1} << end % kBits;
  }
}

// Carries, and counts the pixels before each word. A word borrows from the next
// where its last pixel is foreground.
FCIS_MULTIVERSION void FinishWords(size_t words, uint64_t* bits,
                                   uint32_t* before) {
  uint32_t sum = 0;
  uint64_t borrowed = 0;
  for (size_t w = 0; w < words; ++w) {
    bits[w] -= borrowed;
    borrowed = bits[w] >> (kBits - 1);
    before[w] = sum;
    sum += Popcount(bits[w]);
  }
}

// Each foreground run shares as many pixels as lie before its end, less those
// before its beginning.
FCIS_MULTIVERSION uint32_t SumOverRuns(absl::Span<const uint32_t> runs,
                                       uint32_t first, uint32_t last,
                                       const uint64_t* bits,
                                       const uint32_t* before) {
  uint32_t common = 0, position = 0;
  for (const uint32_t run : runs) {
    position += run;
    const uint32_t at = std::min(std::max(position, first), last) - first;
    const uint64_t word = bits[at / kBits] & BitsBelow(at % kBits);
    common = before[at / kBits] + Popcount(word) - common;
  }
  return common;
}

}  // namespace

bool RleRanks::Build(absl::Span<const uint32_t> counts) {
  // A column of a usual picture, and more.
  constexpr size_t kMaxWordsPerRun = 64;
  const absl::Span<const uint32_t> runs = PairsOf(counts);
  const RunSums sums = SumRuns(counts);
  first_ = runs.empty() ? 0 : runs[0];
  last_ = sums.end;
  const size_t words = (last_ - first_) / kBits + size_t{1};
  if (words > kMaxWordsPerRun * (runs.size() + 1) || sums.has_empty) {
    return false;
  }
  bits_.assign(words, 0);
  before_.resize(std::max(before_.size(), words));
  AddRuns(runs, bits_.data());
  FinishWords(words, bits_.data(), before_.data());
  return true;
}

uint32_t RleRanks::CountCommon(const Rle& other) const {
  return SumOverRuns(PairsOf(other.counts), first_, last_, bits_.data(),
                     before_.data());
}

}  // namespace fcis
