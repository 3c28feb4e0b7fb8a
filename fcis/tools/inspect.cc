#include "fcis/tools/inspect.h"

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/image/prepare.h"
#include "fcis/core/mask/paste.h"

namespace fcis::tools {
namespace {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

template <typename T>
Tensor Vector(std::initializer_list<T> values) {
  return Tensor::FromSpan<T>({static_cast<int64_t>(values.size())}, values);
}

Tensor Chw(const Image& image) {
  Tensor t(Shape{3, image.height, image.width}, DType::kU8);
  uint8_t* out = t.mutable_data<uint8_t>();
  for (int c = 0; c < 3; ++c) {
    for (size_t i = c; i < image.pixels.size(); i += 3) {
      *out++ = image.pixels[i];
    }
  }
  return t;
}

void AddInput(const Image& image, const InputConfig& config,
              NamedTensors* stages) {
  stages->emplace_back("img", Chw(image));
  stages->emplace_back("H_W", Vector<int32_t>({image.height, image.width}));
  stages->emplace_back("min_max",
                       Vector<int32_t>({config.min_size(), config.max_size()}));
  const double scale = SizeToPrepare(image.height, image.width, config).scale;
  stages->emplace_back("scale_f64", Tensor::FromSpan<double>(Shape(), {scale}));
}

// Sets the bits of one mask; `bits` covers the whole picture.
void PackMask(const PastedMask& mask, int width, uint8_t* bits) {
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width; ++x) {
      if (mask.bits[static_cast<size_t>(y) * mask.width + x] == 0) continue;
      const int64_t pixel = int64_t{mask.y0 + y} * width + mask.x0 + x;
      bits[pixel / 8] |= 0x80 >> (pixel % 8);
    }
  }
}

void AddDetections(const std::vector<model::Detection>& detections,
                   const Image& image, const PostprocessConfig& options,
                   NamedTensors* stages) {
  const int64_t n = detections.size();
  const int64_t bytes = (int64_t{image.height} * image.width + 7) / 8;
  Tensor boxes(Shape{n, 4}), scores(Shape{n});
  Tensor labels(Shape{n}, DType::kI32);
  Tensor masks = Tensor::Zeros(Shape{n, bytes}, DType::kU8);
  float* corner = boxes.mutable_data<float>();
  for (int64_t i = 0; i < n; ++i) {
    const model::Detection& d = detections[i];
    for (const float v : {d.box.y0, d.box.x0, d.box.y1, d.box.x1}) {
      *corner++ = v;
    }
    labels.mutable_data<int32_t>()[i] = d.label;
    scores.mutable_data<float>()[i] = d.score;
    PackMask(PasteMask(d.mask, d.box, PasteThreshold(options), image.height,
                       image.width),
             image.width, masks.mutable_data<uint8_t>() + i * bytes);
  }
  stages->emplace_back("det/bbox", boxes);
  stages->emplace_back("det/label", labels);
  stages->emplace_back("det/score", scores);
  stages->emplace_back("det/mask_packed", masks);
}

}  // namespace

absl::StatusOr<NamedTensors> InspectPicture(const model::Detector& detector,
                                            const Image& image,
                                            const PostprocessConfig& options) {
  NamedTensors stages;
  const auto observe = [&stages](absl::string_view name, const Tensor& t) {
    // The fixtures keep the network's input without the axis of pictures.
    const Tensor copy = t.Clone();
    stages.emplace_back(
        name, name == "prepared" ? copy.Reshaped({t.dim(1), t.dim(2), t.dim(3)})
                                 : copy);
  };
  ASSIGN_OR_RETURN(const std::vector<model::Detection> detections,
                   detector.Detect(image, options, observe));
  AddInput(image, detector.config().input(), &stages);
  AddDetections(detections, image, options, &stages);
  return stages;
}

}  // namespace fcis::tools
