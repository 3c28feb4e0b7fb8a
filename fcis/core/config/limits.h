// Limits on what strangers' files may ask for, all of them. What is beyond one
// is an error that names it; docs/reliability.md lists the tests. None is met
// by anything sound that we know of. Sizes not here are bounded by the file's
// own: a reader that maps a file takes no more memory than a small multiple of
// it.
#ifndef FCIS_CORE_CONFIG_LIMITS_H_
#define FCIS_CORE_CONFIG_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace fcis {

// Pictures. Of more pixels than the default of --max_pixels, which is Pillow's
// for "decompression bombs" (512 MiB as RGB): an error before they are
// allocated.
inline constexpr int64_t kDefaultMaxPixels = 178956970;
// A few kilobytes of progressive scans can ask for hours of work; encoders make
// about ten.
inline constexpr int kMaxJpegScans = 100;
// The sides that a flag, or a caller, gives a network's input.
inline constexpr int kMaxInputSide = 16384;

// JSON. Arrays and objects within each other.
inline constexpr int kMaxJsonDepth = 512;
// A gzip file may unpack to the first, and to more if that is less than so many
// times its own size. Annotations grow six-fold.
inline constexpr size_t kFreeGzipBytes = size_t{64} << 20;
inline constexpr size_t kMaxGzipRatio = 200;

// Masks. Columns of pixels that the edges of one polygon cross, all together.
inline constexpr int64_t kMaxPolygonCrossings = int64_t{1} << 26;
// Pixels of a mask that becomes a bitmap, to be written out as text or to find
// its boundary: a run of four bytes must not blow it up.
inline constexpr int64_t kMaxBitmapPixels = int64_t{1} << 26;

// Archives that are unpacked: bytes, beside those that any may hold so many
// times its own size, and entries. The annotations of COCO grow six-fold.
struct ArchiveLimits {
  int64_t ratio = 30;
  int64_t free_bytes = 64 << 20;
  int64_t entries = 2000000;
};

// Weights. Bytes of a safetensors header, as the original library has it.
inline constexpr uint64_t kMaxSafetensorsHeader = 100'000'000;
// A member of an .npz may claim so many times its packed size, as deflate
// cannot do better than about 1032, and so much at all; the largest array of a
// model has 80 MB.
inline constexpr uint64_t kMaxNpzRatio = 1100;
inline constexpr uint64_t kMaxNpzMemberBytes = uint64_t{1} << 30;
// Extents of an array of MXNet.
inline constexpr uint32_t kMaxMxnetRank = 32;
// Outputs of a layer, of which a file without data may claim any number.
inline constexpr int64_t kMaxLayerOutputs = int64_t{1} << 20;
// Of a model's configuration: classes, ratios or scales of anchors.
inline constexpr int kMaxClasses = 99999;
inline constexpr int kMaxAnchorShapes = 100;

// A folder that is searched for a data set's files.
inline constexpr size_t kMaxListedFiles = 2000000;
// Bytes that a variable of a MATLAB file may unpack to; those of SBD have 500 x
// 500 pixels.
inline constexpr uint64_t kMaxMatVariable = uint64_t{64} << 20;
// Bytes of a line of a YUV4MPEG2 video; they have some hundred, with what
// programs note in them (X...).
inline constexpr size_t kMaxY4mLine = 4096;
// Bytes of the line and the headers of an HTTP request.
inline constexpr size_t kMaxHttpHead = 1 << 14;

// Replies of a server that send a download elsewhere.
inline constexpr int kMaxRedirects = 10;

}  // namespace fcis

#endif  // FCIS_CORE_CONFIG_LIMITS_H_
