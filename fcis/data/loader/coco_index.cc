#include "fcis/data/loader/coco_index.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/segmentation.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/loader/xywh_box.h"
#include "fcis/data/transform/train_transform.h"

namespace fcis {
namespace {

constexpr size_t kShortestPolygon = 6;  // numbers of three points

// Labels by category, over all files.
class Labels {
 public:
  absl::Status Join(const CocoDataset& dataset, CocoIndex& index) {
    if (dataset.categories.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          dataset.path, ": no \"categories\"; expected the classes' names"));
    }
    of_file_ = RecordIndex();
    for (const CocoCategory& category : dataset.categories) {
      if (of_file_.Find(category.id) >= 0) {
        index.report.Add(Finding::kDuplicateCategory, category.id.ToString());
        continue;
      }
      int known = all_.Find(category.id);
      if (known < 0) {
        known = static_cast<int>(index.class_names.size());
        index.class_names.push_back(category.name);
        index.class_ids.push_back(category.id);
        all_.Set(category.id, known);
      }
      const std::string& name = index.class_names[static_cast<size_t>(known)];
      if (name != category.name) {
        return absl::InvalidArgumentError(absl::StrCat(
            dataset.path, ": category ", category.id.ToString(), " is \"",
            category.name, "\", and \"", name, "\" in the file before it"));
      }
      of_file_.Set(category.id, known);
    }
    return absl::OkStatus();
  }

  // 0: no category of the file that was joined last.
  int LabelOf(const RecordId& category) const {
    return of_file_.Find(category) + 1;
  }

 private:
  RecordIndex all_, of_file_;
};

// A picture's record with a size that masks can have.
bool HasSize(const CocoImage& image) {
  return image.height > 0 && image.width > 0 &&
         CheckMaskSize(image.height, image.width).ok();
}

// Appends the pictures of a file; their positions by id.
RecordIndex AddPictures(const CocoDataset& dataset,
                        const std::string& image_dir, CocoIndex& index) {
  RecordIndex positions;
  for (const CocoImage& image : dataset.images) {
    int at = positions.Find(image.id);
    if (at >= 0) {
      index.report.Add(Finding::kDuplicateImage, image.id.ToString());
    } else {
      at = static_cast<int>(index.pictures.size());
      index.pictures.emplace_back();
      positions.Set(image.id, at);
    }
    CocoPicture& picture = index.pictures[static_cast<size_t>(at)];
    picture.id = image.id;
    picture.file_name = image.file_name;
    picture.path = image.file_name.empty()
                       ? std::string()
                       : absl::StrCat(image_dir, "/", image.file_name);
    const bool known = HasSize(image);
    picture.height = known ? static_cast<int>(image.height) : 0;
    picture.width = known ? static_cast<int>(image.width) : 0;
  }
  return positions;
}

// Opens the pictures whose size no record gives. One that cannot be opened
// keeps no size.
void MeasurePictures(size_t first, CocoIndex& index) {
  std::vector<CocoPicture*> unknown;
  for (size_t i = first; i < index.pictures.size(); ++i) {
    CocoPicture& picture = index.pictures[i];
    if (picture.path.empty()) {
      index.report.Add(Finding::kNoFileName, picture.id.ToString());
    } else if (picture.height == 0) {
      index.report.Add(Finding::kNoSize, picture.id.ToString());
      unknown.push_back(&picture);
    }
  }
  ParallelFor(static_cast<int64_t>(unknown.size()), 1,
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  CocoPicture& picture = *unknown[static_cast<size_t>(i)];
                  const auto image = ReadImage(picture.path);
                  if (!image.ok()) continue;
                  picture.height = image->height;
                  picture.width = image->width;
                }
              });
}

// What became of an annotation.
struct Judgement {
  int picture = -1;  // of CocoIndex; -1: left out
  CocoObject object;
  std::vector<Finding> findings;

  void LeaveOut(Finding why) {
    picture = -1;
    findings.push_back(why);
  }
};

// Chainer-fcis' "sanitize boxes using image shape".
Box ClipToPicture(Box box, const CocoPicture& picture) {
  box.x0 = std::max(box.x0, 0.0f);
  box.y0 = std::max(box.y0, 0.0f);
  box.x1 = std::min(box.x1, static_cast<float>(picture.width));
  box.y1 = std::min(box.y1, static_cast<float>(picture.height));
  return box;
}

bool IsEmpty(const Box& box) {
  // Written so that NaN counts as empty.
  return !(box.x0 <= box.x1 && box.y0 <= box.y1 && box.area() > 0);
}

void JudgeShape(const CocoAnnotation& annotation, const CocoPicture& picture,
                Judgement& judgement) {
  int short_parts = 0;
  const absl::StatusOr<Rle> mask = DecodeSegmentation(
      annotation.segmentation, picture.height, picture.width, &short_parts);
  if (short_parts > 0) judgement.findings.push_back(Finding::kShortPolygon);
  if (!mask.ok()) return judgement.LeaveOut(Finding::kBadMask);
  if (!annotation.has_bbox) judgement.findings.push_back(Finding::kNoBox);
  judgement.object.box = ClipToPicture(
      BoxFromXywh(annotation.has_bbox ? annotation.bbox : RleToBbox(*mask)),
      picture);
  if (IsEmpty(judgement.object.box)) judgement.LeaveOut(Finding::kEmptyBox);
}

Judgement Judge(const CocoAnnotation& annotation, const CocoIndex& index,
                const RecordIndex& pictures, const Labels& labels) {
  Judgement judgement;
  judgement.picture = pictures.Find(annotation.image_id);
  judgement.object.id = annotation.id;
  judgement.object.label = labels.LabelOf(annotation.category_id);
  judgement.object.segmentation = annotation.segmentation;
  if (judgement.picture < 0) {
    judgement.LeaveOut(Finding::kUnknownImage);
  } else if (judgement.object.label == 0) {
    judgement.LeaveOut(Finding::kUnknownCategory);
  } else if (annotation.crowd != 0) {
    judgement.LeaveOut(Finding::kCrowd);
  } else {
    JudgeShape(annotation,
               index.pictures[static_cast<size_t>(judgement.picture)],
               judgement);
  }
  return judgement;
}

void ReportDuplicates(const CocoDataset& dataset, DatasetReport& report) {
  RecordIndex seen;
  for (const CocoAnnotation& annotation : dataset.annotations) {
    if (seen.Find(annotation.id) >= 0) {
      report.Add(Finding::kDuplicateAnnotation, annotation.id.ToString());
    }
    seen.Set(annotation.id, 0);
  }
}

// Appends the objects, those of a picture side by side in the file's order.
void AddObjects(std::vector<Judgement> judgements, size_t first_picture,
                CocoIndex& index) {
  for (const Judgement& judgement : judgements) {
    for (const Finding finding : judgement.findings) {
      index.report.Add(finding, judgement.object.id.ToString());
    }
    if (judgement.picture < 0) continue;
    ++index.pictures[static_cast<size_t>(judgement.picture)].end;
  }
  auto end = static_cast<uint32_t>(index.objects.size());
  for (size_t i = first_picture; i < index.pictures.size(); ++i) {
    CocoPicture& picture = index.pictures[i];
    const uint32_t count = picture.end;
    picture.begin = picture.end = end;
    end += count;
  }
  index.objects.resize(end);
  for (Judgement& judgement : judgements) {
    if (judgement.picture < 0) continue;
    const auto at = static_cast<size_t>(judgement.picture);
    index.objects[index.pictures[at].end++] = std::move(judgement.object);
  }
}

// Tells pictures without annotations from those with unusable ones.
void ReportEmptyPictures(const CocoDataset& dataset, size_t first_picture,
                         const RecordIndex& positions, CocoIndex& index) {
  std::vector<bool> annotated(index.pictures.size());
  for (const CocoAnnotation& annotation : dataset.annotations) {
    const int at = positions.Find(annotation.image_id);
    if (at >= 0) annotated[static_cast<size_t>(at)] = true;
  }
  for (size_t i = first_picture; i < index.pictures.size(); ++i) {
    const CocoPicture& picture = index.pictures[i];
    if (picture.begin < picture.end) continue;
    index.report.Add(
        annotated[i] ? Finding::kNoUsableAnnotation : Finding::kNoAnnotation,
        picture.id.ToString());
  }
}

// Takes out the pictures of another file, with their annotations.
absl::Status TakeOut(const std::string& without, CocoDataset& dataset) {
  ASSIGN_OR_RETURN(const CocoDataset other, ReadCocoDataset(without));
  RecordIndex ids;
  for (const CocoImage& image : other.images) ids.Set(image.id, 0);
  auto& images = dataset.images;
  images.erase(std::remove_if(images.begin(), images.end(),
                              [&](const CocoImage& image) {
                                return ids.Find(image.id) >= 0;
                              }),
               images.end());
  auto& annotations = dataset.annotations;
  annotations.erase(std::remove_if(annotations.begin(), annotations.end(),
                                   [&](const CocoAnnotation& annotation) {
                                     return ids.Find(annotation.image_id) >= 0;
                                   }),
                    annotations.end());
  return absl::OkStatus();
}

absl::Status AddSource(const CocoSource& source, Labels& labels,
                       CocoIndex& index) {
  ASSIGN_OR_RETURN(CocoDataset dataset, ReadCocoDataset(source.ann_file));
  if (!source.without.empty()) {
    RETURN_IF_ERROR(TakeOut(source.without, dataset));
  }
  RETURN_IF_ERROR(labels.Join(dataset, index));
  if (dataset.images.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(source.ann_file, ": no \"images\""));
  }
  index.files.push_back(dataset.file);
  const size_t first = index.pictures.size();
  const RecordIndex positions = AddPictures(dataset, source.image_dir, index);
  MeasurePictures(first, index);
  ReportDuplicates(dataset, index.report);
  std::vector<Judgement> judgements(dataset.annotations.size());
  ParallelFor(static_cast<int64_t>(judgements.size()), 64,
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  const auto at = static_cast<size_t>(i);
                  judgements[at] =
                      Judge(dataset.annotations[at], index, positions, labels);
                }
              });
  AddObjects(std::move(judgements), first, index);
  ReportEmptyPictures(dataset, first, positions, index);
  index.report.annotations += static_cast<int64_t>(dataset.annotations.size());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CocoIndex> IndexCoco(absl::Span<const CocoSource> sources) {
  CocoIndex index;
  Labels labels;
  for (const CocoSource& source : sources) {
    RETURN_IF_ERROR(AddSource(source, labels, index));
  }
  index.report.pictures = static_cast<int64_t>(index.pictures.size());
  return index;
}

absl::StatusOr<Rle> DecodeSegmentation(absl::string_view segmentation,
                                       int height, int width,
                                       int* short_parts) {
  if (segmentation.empty()) {
    return absl::InvalidArgumentError("no \"segmentation\"");
  }
  JsonScanner json(segmentation);
  Segmentation parsed;
  if (!ReadSegmentation(json, parsed)) return json.status();
  if (parsed.kind == Segmentation::Kind::kPolygons) {
    auto& parts = parsed.polygons;
    const auto kept = std::remove_if(parts.begin(), parts.end(),
                                     [](const std::vector<double>& part) {
                                       return part.size() < kShortestPolygon;
                                     });
    if (short_parts != nullptr) {
      *short_parts += static_cast<int>(parts.end() - kept);
    }
    parts.erase(kept, parts.end());
  }
  ASSIGN_OR_RETURN(Rle mask, SegmentationToRle(parsed, height, width));
  if (mask.height != height || mask.width != width) {
    return absl::InvalidArgumentError(
        absl::StrCat("a mask of ", mask.height, "x", mask.width,
                     " for a picture of ", height, "x", width));
  }
  return mask;
}

std::vector<int32_t> UsablePictures(const InputConfig& input,
                                    CocoIndex& index) {
  std::vector<int32_t> usable;
  for (size_t i = 0; i < index.pictures.size(); ++i) {
    const CocoPicture& picture = index.pictures[i];
    if (picture.begin == picture.end || picture.path.empty()) continue;
    const PreparedSize size =
        SizeToPrepare(picture.height, picture.width, input);
    int64_t left = 0;
    for (const CocoObject& object : index.ObjectsOf(picture)) {
      if (RoundBox(
              BoxInPrepared(object.box, picture.height, picture.width, size))
              .empty()) {
        index.report.Add(Finding::kVanishingBox, object.id.ToString());
      } else {
        ++left;
      }
    }
    if (left == 0) {
      index.report.Add(Finding::kAllVanish, picture.id.ToString());
      continue;
    }
    usable.push_back(static_cast<int32_t>(i));
    index.report.used_annotations += left;
  }
  index.report.used_pictures = static_cast<int64_t>(usable.size());
  return usable;
}

}  // namespace fcis
