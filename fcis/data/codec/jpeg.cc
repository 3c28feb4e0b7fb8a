#include "fcis/data/codec/jpeg.h"

#include <csetjmp>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/limits.h"
#include "fcis/data/codec/orientation.h"
// They need <cstdio>.
#include <jerror.h>
#include <jpeglib.h>

namespace fcis::data {
namespace {

constexpr int kExifMarker = JPEG_APP0 + 1;

// libjpeg reports an error by a call that must not return: it jumps to
// Guarded(). So whatever runs there has no destructors.
class JpegDecoder {
 public:
  explicit JpegDecoder(absl::string_view bytes);
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;
  ~JpegDecoder() { jpeg_destroy_decompress(&info_); }

  absl::StatusOr<Image> Decode(int64_t max_pixels);
  absl::StatusOr<ImageSize> ReadSize(int64_t max_pixels);
  int ReadOrientation();

 private:
  static JpegDecoder* Of(j_common_ptr info) {
    return static_cast<JpegDecoder*>(info->client_data);
  }
  [[noreturn]] static void OnError(j_common_ptr info);
  static void OnMessage(j_common_ptr info, int level);
  static boolean OnEndOfData(j_decompress_ptr info);
  static void OnSkip(j_decompress_ptr info, long bytes);
  static void OnProgress(j_common_ptr info);
  static void IgnoreSource(j_decompress_ptr) {}

  // False after an error.
  template <typename Function>
  bool Guarded(const Function& function);
  absl::Status Error() const;
  bool ReadHeader();
  bool ReadPixels(Image* image);
  void ReadCmykRow(uint8_t* rgb);
  int Orientation() const;

  jpeg_decompress_struct info_ = {};
  jpeg_error_mgr errors_ = {};
  jpeg_source_mgr source_ = {};
  jpeg_progress_mgr progress_ = {};
  jmp_buf on_error_;
  bool data_ended_ = false;  // before the end of the picture
  char message_[JMSG_LENGTH_MAX] = "";
  std::vector<uint8_t> cmyk_;  // one row
};

JpegDecoder::JpegDecoder(absl::string_view bytes) {
  info_.err = jpeg_std_error(&errors_);
  errors_.error_exit = OnError;
  errors_.emit_message = OnMessage;
  info_.client_data = this;
  source_.next_input_byte = reinterpret_cast<const JOCTET*>(bytes.data());
  source_.bytes_in_buffer = bytes.size();
  source_.init_source = IgnoreSource;
  source_.fill_input_buffer = OnEndOfData;
  source_.skip_input_data = OnSkip;
  source_.resync_to_restart = jpeg_resync_to_restart;
  source_.term_source = IgnoreSource;
  progress_.progress_monitor = OnProgress;
}

void JpegDecoder::OnError(j_common_ptr info) {
  JpegDecoder* decoder = Of(info);
  if (decoder->message_[0] == '\0') {
    info->err->format_message(info, decoder->message_);
  }
  std::longjmp(decoder->on_error_, 1);
}

// libjpeg goes on where data are missing and invents gray pixels.
void JpegDecoder::OnMessage(j_common_ptr info, int level) {
  if (level >= 0) return;
  const int code = info->err->msg_code;
  if (code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE ||
      code == JWRN_MUST_RESYNC) {
    OnError(info);
  }
}

// A picture that lacks nothing but the marker at its end passes, so libjpeg is
// given that marker; it complains when it needed more than that.
boolean JpegDecoder::OnEndOfData(j_decompress_ptr info) {
  static constexpr JOCTET kEndOfImage[] = {0xFF, JPEG_EOI};
  Of(reinterpret_cast<j_common_ptr>(info))->data_ended_ = true;
  info->src->next_input_byte = kEndOfImage;
  info->src->bytes_in_buffer = sizeof(kEndOfImage);
  return TRUE;
}

void JpegDecoder::OnSkip(j_decompress_ptr info, long bytes) {
  if (bytes <= 0) return;
  jpeg_source_mgr* source = info->src;
  if (static_cast<size_t>(bytes) > source->bytes_in_buffer) {
    OnEndOfData(info);
    return;
  }
  source->next_input_byte += bytes;
  source->bytes_in_buffer -= bytes;
}

void JpegDecoder::OnProgress(j_common_ptr info) {
  JpegDecoder* decoder = Of(info);
  if (decoder->info_.input_scan_number <= kMaxJpegScans) return;
  std::snprintf(decoder->message_, sizeof(decoder->message_),
                "more than %d scans", kMaxJpegScans);
  OnError(info);
}

template <typename Function>
bool JpegDecoder::Guarded(const Function& function) {
  if (setjmp(on_error_) != 0) return false;
  function();
  return true;
}

absl::Status JpegDecoder::Error() const {
  if (data_ended_) return absl::InvalidArgumentError("truncated JPEG data");
  return absl::InvalidArgumentError(absl::StrCat("bad JPEG data: ", message_));
}

bool JpegDecoder::ReadHeader() {
  return Guarded([this] {
    jpeg_create_decompress(&info_);
    info_.src = &source_;
    info_.progress = &progress_;
    jpeg_save_markers(&info_, kExifMarker, 0xFFFF);
    jpeg_read_header(&info_, TRUE);
    const bool is_cmyk = info_.num_components == 4;
    info_.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  });
}

void JpegDecoder::ReadCmykRow(uint8_t* rgb) {
  JSAMPROW row = cmyk_.data();
  jpeg_read_scanlines(&info_, &row, 1);
  for (int x = 0; x < static_cast<int>(info_.output_width); ++x) {
    // Inverted ink is light: ink * (light of black) / 255, rounded as PIL does.
    const int white = row[4 * x + 3];
    for (int c = 0; c < 3; ++c) {
      const int product = (255 - row[4 * x + c]) * white + 128;
      rgb[3 * x + c] = white - (((product >> 8) + product) >> 8);
    }
  }
}

bool JpegDecoder::ReadPixels(Image* image) {
  cmyk_.resize(info_.out_color_space == JCS_CMYK ? size_t{4} * image->width
                                                 : 0);
  return Guarded([this, image] {
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = image->row(static_cast<int>(info_.output_scanline));
      if (cmyk_.empty()) {
        jpeg_read_scanlines(&info_, &row, 1);
      } else {
        ReadCmykRow(row);
      }
    }
    jpeg_finish_decompress(&info_);
  });
}

int JpegDecoder::Orientation() const {
  for (auto* marker = info_.marker_list; marker; marker = marker->next) {
    if (marker->marker != kExifMarker) continue;
    const int orientation = ExifOrientation(absl::string_view(
        reinterpret_cast<const char*>(marker->data), marker->data_length));
    if (orientation != 1) return orientation;
  }
  return 1;
}

absl::StatusOr<ImageSize> JpegDecoder::ReadSize(int64_t max_pixels) {
  if (!ReadHeader()) return Error();
  ASSIGN_OR_RETURN(
      ImageSize size,
      CheckImageSize(info_.image_height, info_.image_width, max_pixels));
  if (Orientation() >= kFirstTransposed) std::swap(size.height, size.width);
  return size;
}

int JpegDecoder::ReadOrientation() { return ReadHeader() ? Orientation() : 1; }

absl::StatusOr<Image> JpegDecoder::Decode(int64_t max_pixels) {
  if (!ReadHeader()) return Error();
  ASSIGN_OR_RETURN(Image image, AllocateImage(info_.image_height,
                                              info_.image_width, max_pixels));
  // libjpeg forgets both with the last row.
  const int orientation = Orientation();
  const bool several_scans = jpeg_has_multiple_scans(&info_);
  if (!ReadPixels(&image)) return Error();
  // The last ones may be missing without a complaint.
  if (several_scans && data_ended_) return Error();
  return ApplyOrientation(std::move(image), orientation);
}

}  // namespace

bool IsJpeg(absl::string_view bytes) {
  return absl::StartsWith(bytes, "\xFF\xD8\xFF");
}

absl::StatusOr<Image> DecodeJpeg(absl::string_view bytes, int64_t max_pixels) {
  return JpegDecoder(bytes).Decode(max_pixels);
}

absl::StatusOr<ImageSize> JpegSize(absl::string_view bytes,
                                   int64_t max_pixels) {
  return JpegDecoder(bytes).ReadSize(max_pixels);
}

int JpegOrientation(absl::string_view bytes) {
  return IsJpeg(bytes) ? JpegDecoder(bytes).ReadOrientation() : 1;
}

}  // namespace fcis::data
