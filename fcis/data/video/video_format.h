// VideoFormat: what the first line of a YUV4MPEG2 stream says. That is how
// ffmpeg and others hand raw video on (-f yuv4mpegpipe).
#ifndef FCIS_DATA_VIDEO_VIDEO_FORMAT_H_
#define FCIS_DATA_VIDEO_VIDEO_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fcis::data {

inline constexpr char kY4mMagic[] = "YUV4MPEG2";

enum class Chroma { kMono, k420, k422, k444 };

struct VideoFormat {
  std::string header;  // the line, without its end
  int width = 0, height = 0;
  Chroma chroma = Chroma::k420;
  int bits = 8;             // of a sample, 8 to 16
  bool full_range = false;  // else black is 16 and white 235, of 8 bits
  // Frames per second; 0: unknown.
  double rate = 0;

  // Luma samples that one of chroma stands for, as powers of 2.
  int chroma_shift_x() const { return chroma == Chroma::k444 ? 0 : 1; }
  int chroma_shift_y() const { return chroma == Chroma::k420 ? 1 : 0; }
  // Of a plane of chroma; without colours there is none.
  int chroma_width() const {
    return (width + chroma_shift_x()) >> chroma_shift_x();
  }
  int chroma_height() const {
    return (height + chroma_shift_y()) >> chroma_shift_y();
  }

  // A sample of more than 8 bits takes two bytes, the lower one first.
  size_t sample_bytes() const { return bits > 8 ? 2 : 1; }
  // Of the planes Y, Cb and Cr.
  size_t frame_bytes() const;

  // YUV4MPEG2 does not say by which matrix its colours were made. As players
  // do: BT.709 for videos wider than 1279 or higher than 576, else BT.601.
  bool is_bt709() const { return width >= 1280 || height > 576; }

  // Seconds from the first frame, which is number 0, to another; nullopt: the
  // rate is unknown.
  std::optional<double> TimeOf(int64_t frame) const;
};

// 4:2:0 (jpeg, mpeg2, paldv), 4:2:2, 4:4:4 and gray, of 8 to 16 bits; sizes may
// be odd. Errors, without a file's name: another format or one that is
// interlaced, with what to tell ffmpeg; a value that is none; more pixels than
// `max_pixels`.
absl::StatusOr<VideoFormat> ParseVideoHeader(absl::string_view line,
                                             int64_t max_pixels);

}  // namespace fcis::data

#endif  // FCIS_DATA_VIDEO_VIDEO_FORMAT_H_
