// The pictures under testdata, and what PIL reads from them.
#ifndef FCIS_DATA_CODEC_TEST_PICTURES_H_
#define FCIS_DATA_CODEC_TEST_PICTURES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fcis/core/image/image.h"

namespace fcis::data {

std::string TestPicturePath(absl::string_view name);

// The file's bytes. A file that cannot be read fails the test and is empty.
std::string TestPictureBytes(absl::string_view name);

// All pictures are of this size.
inline constexpr int kTestPictureHeight = 37;
inline constexpr int kTestPictureWidth = 53;

// What Pillow 13's Image.open(name).convert("RGB") gave (of 16-bit gray, which
// it clips, the upper byte), from <name>.rgb.
Image PilPixels(absl::string_view name);

const std::vector<std::string>& TestJpegs();
const std::vector<std::string>& TestPngs();

}  // namespace fcis::data

#endif  // FCIS_DATA_CODEC_TEST_PICTURES_H_
