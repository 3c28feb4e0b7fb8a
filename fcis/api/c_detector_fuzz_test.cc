// The C ABI with what a fuzzer thinks of: pictures, pixel layouts, options.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "fcis/api/testing/fuzz_bytes.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/testing/scratch_path.h"
#include "fcis/fcis.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/load.h"

namespace fcis::api {
namespace {

constexpr int64_t kMostPixels = 1 << 16;

fcis_detector* MakeDetector() {
  ModelConfig config = *Preset("parity_mini");
  config.mutable_postprocess()->set_score_thresh(0.01);
  const std::string path = ScratchPath("fcis_fuzz.safetensors");
  fcis_detector_options options = FCIS_DETECTOR_OPTIONS_INIT;
  options.model = path.c_str();
  options.precision = "f32";
  options.threads = 1;
  options.max_size = 64;
  options.min_size = 32;
  options.max_pixels = kMostPixels;
  fcis_detector* detector = nullptr;
  const bool made =
      model::SaveWeights(path, model::DeterministicWeights(config, 5)).ok() &&
      fcis_detector_new(&options, &detector, nullptr, 0) == FCIS_OK;
  if (!made) std::abort();
  return detector;
}

// As many bytes as the layout reaches, if it passes.
std::vector<uint8_t> Room(int64_t height, int64_t width, int64_t stride,
                          int format) {
  constexpr int kBytes[] = {3, 3, 1, 4};
  if (format < 0 || format > 3 || height < 1 || width < 1 ||
      height > kMostPixels / width || stride > kMostPixels) {
    return std::vector<uint8_t>(1);
  }
  const int64_t row = std::max(stride, width * kBytes[format]);
  return std::vector<uint8_t>(static_cast<size_t>(row * height));
}

// Reads all there is, with room for `capacity` elements.
void Read(const fcis_instances* found, size_t capacity) {
  std::vector<char> text(capacity);
  size_t count = 0, needed = 0;
  fcis_instances_size(found, &count, nullptr, nullptr, nullptr, 0);
  for (size_t i = 0; i <= std::min<size_t>(count, 3); ++i) {
    const char* name = nullptr;
    fcis_instances_get(found, i, nullptr, &name, nullptr, nullptr, nullptr, 0);
    fcis_instances_rle(found, i, text.data(), capacity, &needed, nullptr, 0);
    fcis_instances_mask(found, i, reinterpret_cast<uint8_t*>(text.data()),
                        capacity, &needed, nullptr, 0);
  }
  fcis_instances_to_coco(found, 1, text.data(), capacity, &needed, nullptr, 0);
}

void TryPixels(const fcis_detector* detector, Bytes bytes) {
  const int64_t height = bytes.Take<int16_t>(), width = bytes.Take<int16_t>();
  int64_t stride = bytes.Take<int16_t>();
  if (bytes.Take<uint8_t>() == 7) stride = bytes.Take<int64_t>();
  const int format = bytes.Take<int8_t>();
  // Could be memory, but is not ours.
  if (stride > kMostPixels && height > 0 && stride <= INT64_MAX / height)
    return;
  std::vector<uint8_t> room = Room(height, width, stride, format);
  std::copy_n(bytes.data(), std::min(bytes.size(), room.size()), room.data());
  fcis_instances* found = nullptr;
  if (fcis_detector_detect(detector, room.data(), height, width, stride, format,
                           &found, nullptr, 0) == FCIS_OK) {
    fcis_instances_draw(found, room.data(), height, width, stride, format,
                        nullptr, 0);
    Read(found, bytes.size());
  }
  fcis_instances_free(found);
}

void TryOptions(Bytes bytes) {
  fcis_detector_options options = FCIS_DETECTOR_OPTIONS_INIT;
  options.threads = bytes.Take<int32_t>();
  options.min_size = bytes.Take<int32_t>();
  options.max_size = bytes.Take<int32_t>();
  options.max_pixels = bytes.Take<int64_t>();
  options.score_threshold = bytes.Take<double>();
  options.nms_threshold = bytes.Take<double>();
  options.mask_threshold = bytes.Take<double>();
  const std::string device = bytes.TakeText(), precision = bytes.TakeText();
  options.device = device.c_str();
  options.precision = precision.c_str();
  options.model = "/dev/null";
  fcis_detector* detector = nullptr;
  char error[64];
  fcis_detector_new(&options, &detector, error, sizeof(error));
  fcis_detector_free(detector);
}

}  // namespace
}  // namespace fcis::api

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static fcis_detector* const detector = fcis::api::MakeDetector();
  fcis::api::Bytes bytes(data, size);
  switch (bytes.Take<char>()) {
    case 'p':
      fcis::api::TryPixels(detector, bytes);
      break;
    case 'o':
      fcis::api::TryOptions(bytes);
      break;
    default:
      fcis_instances* found = nullptr;
      if (fcis_detector_detect_encoded(detector, bytes.data(), bytes.size(),
                                       &found, nullptr, 0) == FCIS_OK) {
        fcis::api::Read(found, bytes.size());
      }
      fcis_instances_free(found);
  }
  return 0;
}
