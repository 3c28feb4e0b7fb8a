// A frame of a video as a picture, and what was drawn into that back into the
// frame.
#ifndef FCIS_DATA_VIDEO_YUV_H_
#define FCIS_DATA_VIDEO_YUV_H_

#include <string>

#include "absl/strings/string_view.h"
#include "fcis/core/image/image.h"
#include "fcis/data/video/video_format.h"

namespace fcis::data {

// `planes` are format.frame_bytes(). Each chroma sample is that of all pixels
// that it stands for; values beyond the range of the format are clamped.
Image FrameImage(const VideoFormat& format, absl::string_view planes);

// `before` is the frame's picture, `after` the same with something drawn. The
// pixels that differ are put into `planes`; the luma of the others stays bit
// for bit, and so does each chroma sample none of whose pixels differ. One that
// drawn and other pixels share becomes the mean of the new and the old.
void PutDrawn(const VideoFormat& format, const Image& before,
              const Image& after, std::string* planes);

}  // namespace fcis::data

#endif  // FCIS_DATA_VIDEO_YUV_H_
