#include "fcis/eval/report/picture_panels.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/draw/draw_instances.h"
#include "fcis/core/image/resize.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/data/coco/results.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/json/open_json.h"
#include "fcis/data/transform/resize_image.h"

namespace fcis {
namespace {

struct Found {
  double score = 0;
  int klass = 0;
  bool has_mask = false;
  Rle mask;
  XywhBox box;
};

using FoundByPicture = absl::flat_hash_map<int, std::vector<Found>>;

// Keeps the detections of some pictures, masks and all.
class FoundSink : public ResultsSink {
 public:
  FoundSink(const Evaluation& evaluation, FoundByPicture& found)
      : evaluation_(evaluation), found_(found) {}

  absl::Status Add(const CocoResult& result) override {
    const GroundTruth& truth = evaluation_.truth;
    const GroundTruth::Image image = truth.FindImage(result.image_id);
    const auto list = found_.find(image.evaluated);
    const int category = truth.FindCategory(result.category_id);
    if (list == found_.end() || category < 0) return absl::OkStatus();
    Found found;
    found.score = result.score;
    found.klass = truth.ClassOf(category);
    found.box = result.bbox;
    found.has_mask = result.has_segmentation;
    if (found.has_mask) {
      const CocoImage& record =
          evaluation_.dataset->images[static_cast<size_t>(image.index)];
      ASSIGN_OR_RETURN(
          found.mask,
          SegmentationToRle(result.segmentation, record.height, record.width));
      if (!result.has_bbox) found.box = RleToBbox(found.mask);
    }
    list->second.push_back(std::move(found));
    return absl::OkStatus();
  }

 private:
  const Evaluation& evaluation_;
  FoundByPicture& found_;
};

// A picture in the size in which it is drawn.
struct Scaled {
  Image image;
  int height = 0, width = 0;  // of the file

  double X(double x) const { return x * image.width / width; }
  double Y(double y) const { return y * image.height / height; }
};

// What is drawn into one picture. A mask outlives the instance that points to
// it.
struct Drawing {
  std::vector<DrawInstance> instances;
  std::vector<std::unique_ptr<PastedMask>> masks;
};

// The pixels inside of the tight box; null when the mask is of another size
// than the picture, or empty.
std::unique_ptr<PastedMask> Cut(const Rle& rle, const Scaled& picture) {
  if (rle.height != picture.height || rle.width != picture.width) {
    return nullptr;
  }
  if (RleArea(rle) == 0) return nullptr;
  std::vector<uint8_t> all(static_cast<size_t>(rle.height) *
                           static_cast<size_t>(rle.width));
  if (!DecodeRowMajor(rle, absl::MakeSpan(all)).ok()) return nullptr;
  const int image_height = picture.image.height;
  const int image_width = picture.image.width;
  std::vector<uint8_t> scaled(picture.image.pixels.size() / 3);
  ResizeNearest(all.data(), rle.height, rle.width, scaled.data(), image_height,
                image_width);
  const XywhBox box = RleToBbox(rle);
  auto mask = std::make_unique<PastedMask>();
  mask->x0 = static_cast<int>(picture.X(box.x));
  mask->y0 = static_cast<int>(picture.Y(box.y));
  mask->width =
      static_cast<int>(std::ceil(picture.X(box.x + box.width))) - mask->x0;
  mask->height =
      static_cast<int>(std::ceil(picture.Y(box.y + box.height))) - mask->y0;
  if (mask->x0 + mask->width > image_width ||
      mask->y0 + mask->height > image_height) {
    return nullptr;  // of empty runs
  }
  for (int y = mask->y0; y < mask->y0 + mask->height; ++y) {
    const uint8_t* row = scaled.data() + static_cast<size_t>(y) * image_width;
    mask->bits.insert(mask->bits.end(), row + mask->x0,
                      row + mask->x0 + mask->width);
  }
  return mask;
}

void AddInstance(const XywhBox& box, const Rle* mask, absl::string_view label,
                 const Scaled& picture, Drawing& drawing) {
  DrawInstance instance;
  const auto clip = [](double value, int size) {
    return static_cast<float>(
        std::clamp(value, 0.0, static_cast<double>(size)));
  };
  const Image& image = picture.image;
  instance.box = {clip(picture.X(box.x), image.width),
                  clip(picture.Y(box.y), image.height),
                  clip(picture.X(box.x + box.width), image.width),
                  clip(picture.Y(box.y + box.height), image.height)};
  for (const char c : label) {
    instance.label += c >= ' ' && c <= '~' ? c : '?';
  }
  if (mask != nullptr) {
    drawing.masks.push_back(Cut(*mask, picture));
    instance.mask = drawing.masks.back().get();
  }
  drawing.instances.push_back(std::move(instance));
}

Drawing DrawTruth(const PanelSource& source, int picture,
                  const Scaled& scaled) {
  const GroundTruth& truth = source.evaluation->truth;
  const bool masks = source.evaluation->options.iou_type != IouType::kBbox;
  Drawing drawing;
  for (int k = 0; k < truth.num_classes(); ++k) {
    for (const TruthObject& object : truth.Cell(picture, k)) {
      AddInstance(
          masks ? object.mask.box : object.box,
          masks ? &object.mask.rle : nullptr,
          absl::StrCat(object.crowd ? "crowd: " : "",
                       source.explanation->class_names[static_cast<size_t>(k)]),
          scaled, drawing);
    }
  }
  return drawing;
}

absl::string_view ErrorLabel(const DetectionFate& fate) {
  if (fate.correct) return "";
  if (fate.ignored) return " in crowd";
  switch (fate.error) {
    case ErrorKind::kClass:
      return " wrong class";
    case ErrorKind::kLocation:
      return " misplaced";
    case ErrorKind::kBoth:
      return " wrong class, misplaced";
    case ErrorKind::kDuplicate:
      return " duplicate";
    case ErrorKind::kBackground:
      return " background";
    case ErrorKind::kMissed:
    case ErrorKind::kNone:
      break;
  }
  return "";
}

// Position of a picture's first detection in the table.
size_t FirstOf(const OverlapTable& table, int picture) {
  const auto first = absl::c_partition_point(
      table.detections,
      [&](const TableDetection& d) { return d.picture < picture; });
  return static_cast<size_t>(first - table.detections.begin());
}

Drawing DrawFound(const PanelSource& source, int picture,
                  const std::vector<Found>& found, const Scaled& scaled) {
  const Explanation& explanation = *source.explanation;
  const OverlapTable& table = explanation.table;
  const size_t first = FirstOf(table, picture);
  const bool masks = source.evaluation->options.iou_type != IouType::kBbox;
  Drawing drawing;
  // The table keeps the best of the same detections in the same order.
  for (size_t i = 0; i < found.size() && first + i < table.detections.size();
       ++i) {
    const TableDetection& detection = table.detections[first + i];
    if (detection.picture != picture) break;
    if (detection.score < source.min_score) break;
    const auto klass = static_cast<size_t>(detection.klass);
    AddInstance(
        found[i].box, masks && found[i].has_mask ? &found[i].mask : nullptr,
        absl::StrFormat("%s %.2f%s", explanation.class_names[klass],
                        detection.score,
                        ErrorLabel(explanation.breakdown.fates[first + i])),
        scaled, drawing);
  }
  return drawing;
}

// Every pixel the mean of a square of `by` x `by`; the rest at the far borders
// is cut off.
Image Shrink(const Image& image, int by) {
  if (by == 1) return image;
  Image small(image.height / by, image.width / by);
  for (int y = 0; y < small.height; ++y) {
    for (int x = 0; x < small.width * 3; ++x) {
      int sum = 0;
      for (int dy = 0; dy < by; ++dy) {
        const uint8_t* row = image.row(y * by + dy) + x / 3 * by * 3 + x % 3;
        for (int dx = 0; dx < by; ++dx) sum += row[3 * dx];
      }
      small.row(y)[x] = static_cast<uint8_t>((sum + by * by / 2) / (by * by));
    }
  }
  return small;
}

// Means of squares first, as far as they go: fine lines would break up.
Scaled Scale(const PanelSource& source, Image image) {
  Scaled scaled;
  scaled.height = image.height;
  scaled.width = image.width;
  const int64_t longer = std::max(image.height, image.width);
  const auto to = [&](int64_t size) {
    return std::max(
        1, static_cast<int>((size * source.side + longer / 2) / longer));
  };
  if (longer > source.side || source.enlarge) {
    const int by = static_cast<int>(std::max<int64_t>(1, longer / source.side));
    // Of a very long picture something must remain.
    image =
        ResizeImage(Shrink(image, std::min({by, image.height, image.width})),
                    to(scaled.height), to(scaled.width));
  }
  scaled.image = std::move(image);
  return scaled;
}

Image Draw(const Drawing& drawing, Image image) {
  DrawInstances(drawing.instances, &image);
  return image;
}

std::string PicturePath(const PanelSource& source, int picture) {
  return (std::filesystem::path(source.image_dir) /
          PictureName(*source.evaluation, picture))
      .string();
}

absl::StatusOr<PicturePanel> DrawPanel(const PanelSource& source, int picture,
                                       const std::vector<Found>& found) {
  ASSIGN_OR_RETURN(Image image, ReadImage(PicturePath(source, picture)));
  const Scaled scaled = Scale(source, std::move(image));
  PicturePanel panel;
  panel.truth = Draw(DrawTruth(source, picture, scaled), scaled.image);
  panel.found = Draw(DrawFound(source, picture, found, scaled), scaled.image);
  return panel;
}

}  // namespace

std::string PictureName(const Evaluation& evaluation, int picture) {
  const int index = evaluation.truth.images()[static_cast<size_t>(picture)];
  const CocoImage& image =
      evaluation.dataset->images[static_cast<size_t>(index)];
  return image.file_name.empty() ? image.id.ToString() : image.file_name;
}

bool HasPictureFile(const PanelSource& source, int picture) {
  std::error_code error;
  return std::filesystem::is_regular_file(PicturePath(source, picture), error);
}

absl::StatusOr<std::vector<PicturePanel>> DrawPanels(
    const PanelSource& source, absl::Span<const int> pictures) {
  FoundByPicture found;
  for (const int picture : pictures) found[picture];
  ASSIGN_OR_RETURN(const auto file, OpenJson(source.results));
  RETURN_IF_ERROR(ReadResults(file->bytes(), source.results, ResultsOptions(),
                              [&]() -> std::unique_ptr<ResultsSink> {
                                return std::make_unique<FoundSink>(
                                    *source.evaluation, found);
                              })
                      .status());
  std::vector<PicturePanel> panels;
  for (const int picture : pictures) {
    std::vector<Found>& list = found[picture];
    absl::c_stable_sort(
        list, [](const Found& a, const Found& b) { return a.score > b.score; });
    absl::StatusOr<PicturePanel> panel = DrawPanel(source, picture, list);
    if (panel.ok()) {
      panels.push_back(*std::move(panel));
    } else {
      panels.emplace_back().problem = std::string(panel.status().message());
    }
  }
  return panels;
}

}  // namespace fcis
