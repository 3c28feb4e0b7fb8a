// The orientation that a camera stores with a picture (EXIF tag 0x0112).
#ifndef FCIS_DATA_CODEC_ORIENTATION_H_
#define FCIS_DATA_CODEC_ORIENTATION_H_

#include "absl/strings/string_view.h"
#include "fcis/core/image/image.h"

namespace fcis::data {

// The orientation, 1..8, in the payload of a JPEG's APP1 segment. 1 (as
// stored) when there is none or the data are malformed: a picture is not
// refused for its metadata.
int ExifOrientation(absl::string_view app1);

// From it on height and width are exchanged.
inline constexpr int kFirstTransposed = 5;

// How a picture is shown: its rows from the bottom up, its columns from the
// right, and then, where it is transposed, rows as columns.
struct Turn {
  bool from_bottom, from_right, transposed;
};

// Of an orientation, 1..8. Anything else: as it is stored.
Turn TurnOf(int orientation);

// The picture as it is to be looked at: 2 mirrored, 3 turned by 180 degrees, 4
// upside down, 5 transposed, 6 turned clockwise, 7 transposed along the other
// diagonal, 8 turned anticlockwise; 5..8 exchange height and width. Anything
// else: unchanged.
Image ApplyOrientation(Image image, int orientation);

}  // namespace fcis::data

#endif  // FCIS_DATA_CODEC_ORIENTATION_H_
