// What reading JSON files takes at the least: that their bytes come from
// memory, and that each is compared with the characters that JSON is made of.
//
//   bazel run -c opt //fcis/data/json:json_floor -- THREADS FILE...
//
// Prints a line: bytes, seconds to map the files and sum up their words,
// seconds to scan what is mapped then.
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/io/file.h"

namespace fcis::data {
namespace {

FCIS_MULTIVERSION uint64_t SumWords(const char* bytes, int64_t size) {
  uint64_t sum = 0;
  for (int64_t i = 0; i < size / 8; ++i) {
    uint64_t word;
    std::memcpy(&word, bytes + 8 * i, sizeof word);
    sum += word;
  }
  return sum;
}

#if defined(__SSE2__)

uint64_t CountStructure(const char* bytes, int64_t size) {
  uint64_t count = 0;
  for (int64_t at = 0; at + 16 <= size; at += 16) {
    const __m128i c =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + at));
    const auto is = [](__m128i text, char wanted) {
      return _mm_cmpeq_epi8(text, _mm_set1_epi8(wanted));
    };
    // Brackets differ from braces by one bit.
    const __m128i brace = _mm_or_si128(c, _mm_set1_epi8('{' ^ '['));
    const __m128i found =
        _mm_or_si128(_mm_or_si128(_mm_or_si128(is(c, '"'), is(c, '\\')),
                                  _mm_or_si128(is(c, ','), is(c, ':'))),
                     _mm_or_si128(is(brace, '{'), is(brace, '}')));
    count += static_cast<uint64_t>(_mm_movemask_epi8(found) != 0);
  }
  return count;
}

#else

uint64_t CountStructure(const char* bytes, int64_t size) {
  return static_cast<uint64_t>(std::count_if(bytes, bytes + size, [](char c) {
    return absl::string_view("\"\\,:[]{}").find(c) != std::string::npos;
  }));
}

#endif

template <typename Pass>
double Seconds(const std::vector<std::string>& paths,
               std::vector<std::shared_ptr<const MappedFile>>& files,
               const Pass& pass) {
  constexpr int64_t kBlock = 1 << 20;
  std::atomic<uint64_t> result{0};
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < paths.size(); ++i) {
    if (files[i] == nullptr) files[i] = MappedFile::Open(paths[i]).value();
    const absl::string_view text = files[i]->bytes();
    ParallelFor(static_cast<int64_t>(text.size()), kBlock,
                [&](int64_t begin, int64_t end) {
                  result += pass(text.data() + begin, end - begin);
                });
  }
  const std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  return result == 0 ? 0 : seconds.count();
}

int Run(int argc, char** argv) {
  if (argc < 3) return 2;
  SetNumThreads(std::atoi(argv[1]));
  const std::vector<std::string> paths(argv + 2, argv + argc);
  std::vector<std::shared_ptr<const MappedFile>> files(paths.size());
  const double read = Seconds(paths, files, SumWords);
  const double scan = Seconds(paths, files, CountStructure);
  size_t bytes = 0;
  for (const auto& file : files) bytes += file->bytes().size();
  std::printf("%zu %.4f %.4f\n", bytes, read, scan);
  return 0;
}

}  // namespace
}  // namespace fcis::data

int main(int argc, char** argv) { return fcis::data::Run(argc, argv); }
