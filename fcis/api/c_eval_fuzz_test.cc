// Masks and COCO's evaluation with what a fuzzer thinks of: run lengths,
// polygons, files, columns.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fcis/api/testing/fuzz_bytes.h"
#include "fcis/coco.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/mask.h"

namespace fcis::api {
namespace {

constexpr int64_t kMostPixels = 1 << 16;
constexpr int64_t kMostRecords = 16;

// So many, at most kMostRecords.
template <typename T>
std::vector<T> TakeSome(Bytes& bytes) {
  std::vector<T> values(bytes.Take<uint8_t>() % (kMostRecords + 1));
  for (T& value : values) value = bytes.Take<T>();
  return values;
}

MaskSize TakeSize(Bytes& bytes) {
  const int64_t height = bytes.Take<int16_t>();
  return {height, bytes.Take<int16_t>()};
}

// Calls all there is for masks.
void Use(const Result<Masks>& made) {
  if (!made.ok()) return;
  const Masks& masks = *made;
  (void)masks.Areas();
  (void)masks.Boxes();
  (void)masks.Union().value().Strings();
  (void)masks.Intersection();
  (void)MasksIou(masks, masks);
  int64_t pixels = 0;
  for (const MaskSize& size : masks.Sizes().value()) {
    pixels += size.height * size.width;
  }
  if (pixels <= kMostPixels) (void)masks.Decode();
  const auto again =
      Masks::FromStrings(masks.Sizes().value(), masks.Strings().value());
  if (again.value().Strings().value() != masks.Strings().value())
    __builtin_trap();
}

void TryStrings(Bytes bytes) {
  std::vector<MaskSize> sizes;
  std::vector<std::string> strings(1);
  for (int64_t i = bytes.Take<uint8_t>() % 3; i >= 0; --i) {
    sizes.push_back(TakeSize(bytes));
  }
  for (const char c : bytes.text()) {
    if (c == '\n' && strings.size() < sizes.size()) {
      strings.emplace_back();
    } else {
      strings.back() += c;
    }
  }
  strings.resize(sizes.size());
  Use(Masks::FromStrings(sizes, strings));
}

void TryCounts(Bytes bytes) {
  const MaskSize a = TakeSize(bytes), b = TakeSize(bytes);
  const auto first = TakeSome<uint16_t>(bytes);
  const auto second = TakeSome<uint32_t>(bytes);
  Use(Masks::FromCounts({a, b}, {{first.begin(), first.end()}, second}));
}

void TryPolygons(Bytes bytes) {
  const MaskSize size = TakeSize(bytes);
  CocoPolygons polygons(bytes.Take<uint8_t>() % 3);
  for (std::vector<double>& polygon : polygons) {
    if (bytes.Take<uint8_t>() % 2 == 0) {
      polygon = TakeSome<double>(bytes);
    } else {
      for (const int16_t x : TakeSome<int16_t>(bytes)) {
        polygon.push_back(x / 8.);
      }
    }
  }
  Use(Masks::FromPolygons({size}, {polygons}));
  std::vector<CocoBox> boxes;
  const std::vector<int16_t> sides = TakeSome<int16_t>(bytes);
  for (size_t i = 0; i + 4 <= sides.size(); i += 4) {
    boxes.push_back({sides[i] / 8., sides[i + 1] / 8., sides[i + 2] / 8.,
                     sides[i + 3] / 8.});
  }
  Use(Masks::FromBoxes(boxes, size));
  (void)BoxesIou(boxes, boxes);
}

void TryPixels(Bytes bytes) {
  const MaskSize size = {bytes.Take<uint8_t>() % 32,
                         bytes.Take<uint8_t>() % 32};
  std::vector<uint8_t> pixels(
      static_cast<size_t>(std::max<int64_t>(size.height * size.width, 1)));
  const absl::string_view rest = bytes.text();
  std::copy_n(rest.begin(), std::min(rest.size(), pixels.size()),
              pixels.begin());
  Use(Masks::Encode(pixels.data(), size));
}

// A file of annotations and, behind a zero, one of results.
void TryFiles(Bytes bytes) {
  const auto type = static_cast<IouType>(bytes.Take<uint8_t>() % 3);
  const absl::string_view all = bytes.text();
  const size_t end = std::min(all.find('\0'), all.size());
  const MemoryFile annotations(all.substr(0, end));
  const MemoryFile found(all.substr(std::min(end + 1, all.size())));
  const auto truth = CocoTruth::Read(annotations.path(), type);
  if (!truth.ok()) return;
  const auto results = truth->ReadResults(found.path());
  if (!results.ok()) return;
  CocoParams params(type);
  params.recall_thresholds = {0, .5, 1};
  if (type == IouType::kKeypoints) params.sigmas = {.1, .2};
  const auto score = CocoEvaluation::Run(*truth, *results, params);
  if (!score.ok()) return;
  (void)score->Stats();
  (void)score->ClassAp();
}

void TryColumns(Bytes bytes) {
  CocoTruth truth;
  truth.type =
      bytes.Take<uint8_t>() % 2 == 0 ? IouType::kBox : IouType::kKeypoints;
  CocoRecords found;
  for (CocoRecords* records : {&truth.objects, &found}) {
    for (const uint8_t id : TakeSome<uint8_t>(bytes)) {
      records->ids.push_back(id);
      records->image_ids.push_back(id % 3);
      records->category_ids.push_back(id / 3 % 3);
    }
    for (const int8_t x : TakeSome<int8_t>(bytes)) {
      records->boxes.push_back({x + 0., 1. - x, x + 2., 3});
    }
    records->areas = TakeSome<double>(bytes);
    records->scores = TakeSome<double>(bytes);
    records->keypoints = TakeSome<double>(bytes);
    records->crowd = TakeSome<uint8_t>(bytes);
    for (const bool ids : {false, true}) {
      auto& list = ids ? truth.category_ids : truth.image_ids;
      for (const uint8_t id : TakeSome<uint8_t>(bytes)) list.push_back(id % 4);
    }
  }
  CocoParams params;
  params.use_categories = bytes.Take<uint8_t>() % 2 == 0;
  params.iou_thresholds = TakeSome<double>(bytes);
  params.recall_thresholds = TakeSome<double>(bytes);
  params.max_detections = TakeSome<int64_t>(bytes);
  params.sigmas = TakeSome<double>(bytes);
  params.area_ranges = {{"all", bytes.Take<double>(), bytes.Take<double>()}};
  const auto score = CocoEvaluation::Run(truth, found, params);
  if (score.ok()) (void)score->Stats();
}

}  // namespace
}  // namespace fcis::api

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fcis::api::Bytes bytes(data, size);
  switch (bytes.Take<char>()) {
    case 's':
      fcis::api::TryStrings(bytes);
      break;
    case 'c':
      fcis::api::TryCounts(bytes);
      break;
    case 'p':
      fcis::api::TryPolygons(bytes);
      break;
    case 'e':
      fcis::api::TryPixels(bytes);
      break;
    case 'f':
      fcis::api::TryFiles(bytes);
      break;
    default:
      fcis::api::TryColumns(bytes);
  }
  return 0;
}
