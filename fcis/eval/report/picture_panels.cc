#include "fcis/eval/report/picture_panels.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/draw/draw_instances.h"
#include "fcis/core/mask/paste.h"
#include "fcis/data/coco/results.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/transform/crop.h"

namespace fcis::eval {
namespace {

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
  instance.label = std::string(label);
  if (mask != nullptr && mask->height == picture.height &&
      mask->width == picture.width) {
    drawing.masks.push_back(std::make_unique<PastedMask>(
        RleToPastedMask(*mask, image.height, image.width)));
    const PastedMask& pasted = *drawing.masks.back();
    if (!pasted.bits.empty()) instance.mask = &pasted;
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
      const Rle mask = object.mask.ToRle();
      AddInstance(
          masks ? object.mask.box : object.box, masks ? &mask : nullptr,
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

// Draws a detection, which is parsed from the results' text.
absl::Status AddFound(const PanelSource& source, size_t index,
                      const Scaled& scaled, Drawing& drawing) {
  const Evaluation& evaluation = *source.evaluation;
  const Explanation& explanation = *source.explanation;
  const TableDetection& detection = explanation.table.detections[index];
  data::CocoResult result;
  RETURN_IF_ERROR(data::ReadResultAt(evaluation.results->bytes(),
                                     evaluation.results_path, detection.offset,
                                     result));
  Rle mask;
  if (result.has_segmentation) {
    ASSIGN_OR_RETURN(mask,
                     data::SegmentationToRle(result.segmentation, scaled.height,
                                             scaled.width));
    if (!result.has_bbox) result.bbox = RleToBbox(mask);
  }
  const bool draw_mask =
      result.has_segmentation && evaluation.options.iou_type != IouType::kBbox;
  AddInstance(
      result.bbox, draw_mask ? &mask : nullptr,
      absl::StrCat(
          ScoreLabel(
              explanation.class_names[static_cast<size_t>(detection.klass)],
              detection.score),
          ErrorLabel(explanation.breakdown.fates[index])),
      scaled, drawing);
  return absl::OkStatus();
}

absl::StatusOr<Drawing> DrawFound(const PanelSource& source, int picture,
                                  const Scaled& scaled) {
  const OverlapTable& table = source.explanation->table;
  Drawing drawing;
  for (size_t i = FirstOf(table, picture); i < table.detections.size(); ++i) {
    if (table.detections[i].picture != picture) break;
    if (table.detections[i].score < source.min_score) break;
    RETURN_IF_ERROR(AddFound(source, i, scaled, drawing));
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
    image = data::ResizeImage(
        Shrink(image, std::min({by, image.height, image.width})),
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

absl::StatusOr<PicturePanel> DrawPanel(const PanelSource& source, int picture) {
  ASSIGN_OR_RETURN(Image image, data::ReadImage(PicturePath(source, picture)));
  const Scaled scaled = Scale(source, std::move(image));
  ASSIGN_OR_RETURN(const Drawing found, DrawFound(source, picture, scaled));
  PicturePanel panel;
  panel.truth = Draw(DrawTruth(source, picture, scaled), scaled.image);
  panel.found = Draw(found, scaled.image);
  return panel;
}

}  // namespace

std::string PictureName(const Evaluation& evaluation, int picture) {
  const int index = evaluation.truth.images()[static_cast<size_t>(picture)];
  const data::CocoImage& image =
      evaluation.dataset->images[static_cast<size_t>(index)];
  return image.file_name.empty() ? image.id.ToString() : image.file_name;
}

bool HasPictureFile(const PanelSource& source, int picture) {
  std::error_code error;
  return std::filesystem::is_regular_file(PicturePath(source, picture), error);
}

std::vector<PicturePanel> DrawPanels(const PanelSource& source,
                                     absl::Span<const int> pictures) {
  std::vector<PicturePanel> panels;
  for (const int picture : pictures) {
    absl::StatusOr<PicturePanel> panel = DrawPanel(source, picture);
    if (panel.ok()) {
      panels.push_back(*std::move(panel));
    } else {
      panels.emplace_back().problem = std::string(panel.status().message());
    }
  }
  return panels;
}

}  // namespace fcis::eval
