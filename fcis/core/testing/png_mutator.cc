#include "fcis/core/testing/png_mutator.h"

#include <zlib.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fcis {
namespace {

constexpr absl::string_view kSignature("\x89PNG\r\n\x1A\n", 8);
constexpr size_t kMostPixelBytes = 1 << 20;

struct Chunk {
  std::string type, data;
};

uint32_t Number(absl::string_view bytes) {
  uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) {
    value = value << 8 | static_cast<uint8_t>(c);
  }
  return value;
}

std::string Bytes(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> shift));
  }
  return bytes;
}

// The whole ones.
std::vector<Chunk> ChunksOf(absl::string_view rest) {
  constexpr size_t kAround = 12;
  std::vector<Chunk> chunks;
  while (rest.size() >= kAround && Number(rest) <= rest.size() - kAround) {
    const size_t size = Number(rest);
    chunks.push_back(
        {std::string(rest.substr(4, 4)), std::string(rest.substr(8, size))});
    rest.remove_prefix(size + kAround);
  }
  return chunks;
}

std::string FileOf(const std::vector<Chunk>& chunks) {
  std::string file(kSignature);
  for (const Chunk& chunk : chunks) {
    const std::string summed = chunk.type + chunk.data;
    const uLong sum =
        crc32(0, reinterpret_cast<const Bytef*>(summed.data()), summed.size());
    absl::StrAppend(&file, Bytes(static_cast<uint32_t>(chunk.data.size())),
                    summed, Bytes(static_cast<uint32_t>(sum)));
  }
  return file;
}

std::string Unpacked(const std::string& packed) {
  std::string bytes(kMostPixelBytes, '\0');
  z_stream stream = {};
  if (inflateInit(&stream) != Z_OK) return "";
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  inflate(&stream, Z_FINISH);
  bytes.resize(stream.total_out);
  inflateEnd(&stream);
  return bytes;
}

std::string Packed(const std::string& bytes) {
  uLongf size = compressBound(bytes.size());
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size,
           reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  packed.resize(size);
  return packed;
}

class Mutation {
 public:
  explicit Mutation(uint32_t seed) : random_(seed) {}

  void Change(std::vector<Chunk>& chunks) {
    const size_t i = OneOf(chunks.size());
    const auto at = chunks.begin() + static_cast<std::ptrdiff_t>(i);
    switch (OneOf(8)) {
      case 0:
        chunks.erase(at);
        break;
      case 1:
        chunks.insert(at, Chunk(chunks[OneOf(chunks.size())]));
        break;
      case 2:
        std::swap(chunks[i], chunks[OneOf(chunks.size())]);
        break;
      case 3:
        ChangeBytes(at->data);
        break;
      case 4:
      case 5:
        ChangeHeader(chunks[0].data);
        break;
      default:
        ChangePixels(chunks);
    }
  }

 private:
  size_t OneOf(size_t n) { return random_() % n; }

  void ChangeBytes(std::string& bytes) {
    if (bytes.empty() || OneOf(4) == 0) {
      bytes.resize(OneOf(2 * bytes.size() + 4));
    } else {
      bytes[OneOf(bytes.size())] = static_cast<char>(OneOf(256));
    }
  }

  // Width, height, depth, colour type, compression, filter, interlacing.
  void ChangeHeader(std::string& data) {
    constexpr size_t kSize = 13;
    constexpr char kDepths[] = {1, 2, 4, 8, 16}, kTypes[] = {0, 2, 3, 4, 6};
    if (data.size() != kSize) return;
    switch (OneOf(4)) {
      case 0:
        data.replace(OneOf(2) * 4, 4, Bytes(OneOf(40)));
        break;
      case 1:
        data[8] = kDepths[OneOf(std::size(kDepths))];
        break;
      case 2:
        data[9] = kTypes[OneOf(std::size(kTypes))];
        break;
      default:
        data[kSize - 1] = static_cast<char>(OneOf(2));
    }
  }

  // All in the first chunk of them.
  void ChangePixels(std::vector<Chunk>& chunks) {
    std::string packed;
    const auto is_pixels = [](const Chunk& c) { return c.type == "IDAT"; };
    const auto first = std::find_if(chunks.begin(), chunks.end(), is_pixels);
    if (first == chunks.end()) return;
    for (const Chunk& chunk : chunks) {
      if (is_pixels(chunk)) packed += chunk.data;
    }
    std::string bytes = Unpacked(packed);
    ChangeBytes(bytes);
    first->data = Packed(bytes);
    chunks.erase(std::remove_if(first + 1, chunks.end(), is_pixels),
                 chunks.end());
  }

  std::minstd_rand random_;
};

}  // namespace

std::string MutatePng(absl::string_view file, uint32_t seed) {
  if (!absl::StartsWith(file, kSignature)) return std::string(file);
  std::vector<Chunk> chunks = ChunksOf(file.substr(kSignature.size()));
  if (chunks.empty()) return std::string(file);
  Mutation(seed).Change(chunks);
  return FileOf(chunks);
}

}  // namespace fcis
