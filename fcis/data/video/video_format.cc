#include "fcis/data/video/video_format.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/data/codec/allocate_image.h"

namespace fcis::data {
namespace {

// A parameter: its letter, and the rest.
absl::Status BadParameter(absl::string_view parameter,
                          absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("the header says ", parameter, ", expected ", expected));
}

// W1920
absl::Status ParseSide(absl::string_view parameter, uint32_t* side) {
  if (absl::SimpleAtoi(parameter.substr(1), side)) return absl::OkStatus();
  return BadParameter(parameter, "a number of pixels");
}

// F30000:1001; 0:0 is unknown.
absl::Status ParseRate(absl::string_view parameter, double* rate) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(parameter.substr(1), absl::MaxSplits(':', 1));
  uint32_t frames = 0, seconds = 0;
  if (!absl::SimpleAtoi(parts.first, &frames) ||
      !absl::SimpleAtoi(parts.second, &seconds)) {
    return BadParameter(parameter, "frames per second such as F30000:1001");
  }
  *rate = seconds == 0 ? 0 : static_cast<double>(frames) / seconds;
  return absl::OkStatus();
}

// It and Ib are fields of two moments in one frame, Im changes.
absl::Status CheckProgressive(absl::string_view parameter) {
  if (parameter == "Ip" || parameter == "I?") return absl::OkStatus();
  return BadParameter(parameter,
                      "whole frames (Ip); this video is interlaced, which "
                      "ffmpeg -vf yadif mends");
}

// "p10": 10, "": 8; 0 is an error.
int ParseBits(absl::string_view text, absl::string_view mark) {
  if (text.empty()) return 8;
  int bits = 0;
  const bool is_number =
      absl::ConsumePrefix(&text, mark) && absl::SimpleAtoi(text, &bits);
  return is_number && bits >= 8 && bits <= 16 ? bits : 0;
}

// C420mpeg2, C422p10, Cmono12.
absl::Status ParseChroma(absl::string_view parameter, VideoFormat* format) {
  absl::string_view text = parameter.substr(1);
  if (absl::ConsumePrefix(&text, "mono")) {
    format->chroma = Chroma::kMono;
    format->bits = ParseBits(text, "");
  } else if (absl::ConsumePrefix(&text, "420")) {
    format->chroma = Chroma::k420;
    // Where between the lumas a chroma lies: half a pixel, which neither the
    // network nor the drawing cares about.
    const bool is_place = text == "jpeg" || text == "mpeg2" || text == "paldv";
    format->bits = is_place ? 8 : ParseBits(text, "p");
  } else if (absl::ConsumePrefix(&text, "422")) {
    format->chroma = Chroma::k422;
    format->bits = ParseBits(text, "p");
  } else if (absl::ConsumePrefix(&text, "444")) {
    format->chroma = Chroma::k444;
    format->bits = ParseBits(text, "p");
  } else {
    format->bits = 0;
  }
  if (format->bits > 0) return absl::OkStatus();
  return BadParameter(parameter,
                      "C420, C420jpeg, C420mpeg2, C420paldv, C422, C444 or "
                      "Cmono, or one of 9 to 16 bits such as C420p10; ffmpeg "
                      "-pix_fmt yuv420p makes the first");
}

struct Size {
  uint32_t width = 0, height = 0;
};

absl::Status ParseParameter(absl::string_view parameter, VideoFormat* format,
                            Size* size) {
  switch (parameter[0]) {
    case 'W':
      return ParseSide(parameter, &size->width);
    case 'H':
      return ParseSide(parameter, &size->height);
    case 'F':
      return ParseRate(parameter, &format->rate);
    case 'I':
      return CheckProgressive(parameter);
    case 'C':
      return ParseChroma(parameter, format);
    case 'A':  // of a pixel
      return absl::OkStatus();
    case 'X':
      format->full_range |= parameter == "XCOLORRANGE=FULL";
      return absl::OkStatus();
  }
  return BadParameter(parameter,
                      "parameters that begin with W, H, F, I, A, C or X");
}

}  // namespace

size_t VideoFormat::frame_bytes() const {
  size_t samples = static_cast<size_t>(width) * height;
  if (chroma != Chroma::kMono) {
    samples += size_t{2} * chroma_width() * chroma_height();
  }
  return samples * sample_bytes();
}

std::optional<double> VideoFormat::TimeOf(int64_t frame) const {
  if (rate <= 0) return std::nullopt;
  return frame / rate;
}

absl::StatusOr<VideoFormat> ParseVideoHeader(absl::string_view line,
                                             int64_t max_pixels) {
  VideoFormat format;
  format.header = std::string(line);
  Size size;
  const std::vector<absl::string_view> words =
      absl::StrSplit(line, ' ', absl::SkipEmpty());
  if (words.empty() || words[0] != kY4mMagic) {
    return absl::InvalidArgumentError(
        absl::StrCat("does not begin with ", kY4mMagic));
  }
  for (size_t i = 1; i < words.size(); ++i) {
    RETURN_IF_ERROR(ParseParameter(words[i], &format, &size));
  }
  ASSIGN_OR_RETURN(const ImageSize checked,
                   CheckImageSize(size.height, size.width, max_pixels));
  format.width = checked.width;
  format.height = checked.height;
  return format;
}

}  // namespace fcis::data
