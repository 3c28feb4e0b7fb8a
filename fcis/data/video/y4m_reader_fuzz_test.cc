#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/data/video/y4m_reader.h"
#include "fcis/data/video/yuv.h"

// Whatever the bytes: whole frames, then an end or an error; each becomes a
// picture of the header's size.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int64_t kMaxPixels = 1 << 16;
  const fcis::MemoryFile file(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  const auto reader = fcis::data::Y4mReader::Open(file.path(), kMaxPixels);
  if (!reader.ok()) return 0;
  const fcis::data::VideoFormat& format = (*reader)->format();
  if ((*reader)->NumFrames() > static_cast<int64_t>(size)) std::abort();
  while (true) {
    const auto frame = (*reader)->Next();
    if (!frame.ok() || !frame->has_value()) return 0;
    if ((*frame)->planes.size() != format.frame_bytes()) std::abort();
    const fcis::Image image = fcis::data::FrameImage(format, (*frame)->planes);
    if (image.width != format.width || image.height != format.height ||
        int64_t{image.width} * image.height > kMaxPixels) {
      std::abort();
    }
    // Nothing drawn changes nothing.
    std::string planes = (*frame)->planes;
    fcis::data::PutDrawn(format, image, image, &planes);
    if (planes != (*frame)->planes) std::abort();
    fcis::Image drawn = image;
    for (size_t i = 0; i < drawn.pixels.size(); i += 5) drawn.pixels[i] ^= 0x80;
    fcis::data::PutDrawn(format, image, drawn, &planes);
    if (planes.size() != format.frame_bytes()) std::abort();
  }
}
