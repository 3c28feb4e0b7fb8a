// What is said about a picture that has another size than its annotations.
#ifndef FCIS_DATA_CODEC_SIZE_MISMATCH_H_
#define FCIS_DATA_CODEC_SIZE_MISMATCH_H_

#include <cstdint>
#include <string>

namespace fcis::data {

// "a.jpg is 96x128 (width x height), but the annotations say 128x96", and when
// the camera's orientation is why: "; EXIF turns it: stored 128x96, shown
// 96x128". `height` and `width` are those that ReadImage gave; the file is
// opened again for its orientation.
std::string DescribeSizeMismatch(const std::string& path, int height, int width,
                                 int64_t wanted_height, int64_t wanted_width);

}  // namespace fcis::data

#endif  // FCIS_DATA_CODEC_SIZE_MISMATCH_H_
