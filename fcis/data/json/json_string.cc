// JsonScanner: strings.
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <charconv>
#include <cstdint>
#include <string>

#include "fcis/data/json/json_scanner.h"

namespace fcis::data {
namespace {

bool IsSpecial(char c) {
  return c == '"' || c == '\\' || static_cast<unsigned char>(c) <= 0x1f;
}

#if defined(__x86_64__)

// The first special character, or where fewer than 64 or 16 are left.
__attribute__((target("avx512bw"))) const char* FindIn64(const char* next,
                                                         const char* end) {
  const __m512i quote = _mm512_set1_epi8('"'), slash = _mm512_set1_epi8('\\');
  const __m512i control = _mm512_set1_epi8(0x1f);
  for (; end - next >= 64; next += 64) {
    const __m512i bytes = _mm512_loadu_si512(next);
    const uint64_t found = _mm512_cmpeq_epi8_mask(bytes, quote) |
                           _mm512_cmpeq_epi8_mask(bytes, slash) |
                           _mm512_cmple_epu8_mask(bytes, control);
    if (found != 0) return next + __builtin_ctzll(found);
  }
  return next;
}

const char* FindIn16(const char* next, const char* end) {
  const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1f);
  for (; end - next >= 16; next += 16) {
    const __m128i bytes =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(next));
    const __m128i found =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote),
                                  _mm_cmpeq_epi8(bytes, slash)),
                     _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    const int mask = _mm_movemask_epi8(found);
    if (mask != 0) return next + __builtin_ctz(static_cast<unsigned>(mask));
  }
  return next;
}

#endif

// The first quote, backslash or control character.
const char* FindSpecial(const char* next, const char* end) {
#if defined(__x86_64__)
  static const bool wide = __builtin_cpu_supports("avx512bw");
  next = wide && end - next >= 64 ? FindIn64(next, end) : FindIn16(next, end);
#endif
  while (next != end && !IsSpecial(*next)) ++next;
  return next;
}

void AppendUtf8(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
    return;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  const uint32_t lead = more == 1 ? 0xc0 : more == 2 ? 0xe0 : 0xf0;
  out.push_back(static_cast<char>(lead | code >> (6 * more)));
  for (int i = more - 1; i >= 0; --i) {
    out.push_back(static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3f)));
  }
}

}  // namespace

bool JsonScanner::ReadString(absl::string_view& value, std::string& unescaped) {
  if (Next() != '"') return Expected("a string");
  const size_t offset_of_quote = offset();
  const char* const first = ++next_;
  next_ = FindSpecial(first, end_);
  if (next_ != end_ && *next_ == '\\') {
    unescaped.assign(first, next_);
    if (!ReadEscapes(unescaped)) return false;
    value = unescaped;
    return true;
  }
  if (next_ == end_) return FailAt(offset_of_quote, "the string does not end");
  if (*next_ != '"') return Fail("control character within a string");
  value = absl::string_view(first, static_cast<size_t>(next_ - first));
  ++next_;
  return true;
}

// Appends the rest of a string from its first escape on.
bool JsonScanner::ReadEscapes(std::string& out) {
  for (;;) {
    if (next_ == end_) return Fail("the string does not end");
    if (*next_ == '"') break;
    if (*next_ != '\\') return Fail("control character within a string");
    if (!ReadEscape(out)) return false;
    const char* const plain = next_;
    next_ = FindSpecial(plain, end_);
    out.append(plain, next_);
  }
  ++next_;
  return true;
}

bool JsonScanner::ReadEscape(std::string& out) {
  static constexpr absl::string_view kNames = "\"\\/bfnrt";
  static constexpr absl::string_view kValues = "\"\\/\b\f\n\r\t";
  const size_t at = offset();
  ++next_;
  if (next_ == end_) return Fail("the string does not end");
  const char name = *next_++;
  if (name != 'u') {
    const size_t i = kNames.find(name);
    if (i == absl::string_view::npos) return FailAt(at, "unknown escape");
    out.push_back(kValues[i]);
    return true;
  }
  uint32_t code = 0;
  if (!ReadHex4(code)) return false;
  if (code >= 0xd800 && code < 0xdc00 && end_ - next_ >= 2 &&
      next_[0] == '\\' && next_[1] == 'u') {
    const char* const second = next_;
    next_ += 2;
    uint32_t low = 0;
    if (!ReadHex4(low)) return false;
    if (low >= 0xdc00 && low < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else {
      next_ = second;
    }
  }
  AppendUtf8(code >= 0xd800 && code < 0xe000 ? 0xfffd : code, out);
  return true;
}

bool JsonScanner::ReadHex4(uint32_t& code) {
  if (end_ - next_ < 4 ||
      std::from_chars(next_, next_ + 4, code, 16).ptr != next_ + 4) {
    return Fail("expected four hexadecimal digits");
  }
  next_ += 4;
  return true;
}

}  // namespace fcis::data
