#include "fcis/data/loader/coco_index.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/data/coco/segmentation.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/loader/judgement.h"
#include "fcis/data/loader/training_set.h"
#include "fcis/data/transform/train_transform.h"

namespace fcis::data {
namespace {

// Labels by category, over all files.
class Labels {
 public:
  absl::Status Join(const CocoDataset& dataset, CocoIndex& index) {
    if (dataset.categories.empty()) {
      index.report.problems.conflicts.Add(absl::StrCat(
          dataset.path, ": no \"categories\"; expected the classes' names"));
    }
    of_file_ = RecordIndex();
    for (const CocoCategory& category : dataset.categories) {
      const int before = of_file_.Find(category.id);
      if (before >= 0) {
        index.report.Add(Finding::kDuplicateCategory, category.id.ToString());
        const std::string& name =
            index.class_names[static_cast<size_t>(before)];
        if (name != category.name) {
          index.report.problems.conflicts.Add(
              TwoNames(dataset, name, category));
        }
        continue;
      }
      int known = all_.Find(category.id);
      if (known < 0) {
        known = static_cast<int>(index.class_names.size());
        index.class_names.push_back(category.name);
        index.class_ids.push_back(category.id);
        all_.Set(category.id, known);
        CheckName(dataset, category, index.report.problems.conflicts);
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

  // Labels from 0 on, of the file that was joined last.
  const RecordIndex& ids() const { return of_file_; }
  // 0: no category of the file that was joined last.
  int LabelOf(const RecordId& category) const {
    return of_file_.Find(category) + 1;
  }

 private:
  // Two classes of one name could not be told apart.
  void CheckName(const CocoDataset& dataset, const CocoCategory& category,
                 RecordLines& conflicts) {
    const std::string who = category.id.ToString();
    const auto [first, is_new] =
        names_.try_emplace(category.name, Named{dataset.path, who});
    if (is_new) return;
    const Named& other = first->second;
    conflicts.Add(absl::StrCat(
        dataset.path, ": category ids ", other.id,
        other.path == dataset.path ? ""
                                   : absl::StrCat(" (of ", other.path, ")"),
        " and ", who, " have the same name, \"", category.name, "\""));
  }

  struct Named {
    std::string path, id;
  };
  RecordIndex all_, of_file_;
  absl::flat_hash_map<std::string, Named> names_;
};

// A picture's record with a size that masks can have.
bool HasSize(const CocoImage& image) {
  return image.height > 0 && image.width > 0 &&
         CheckMaskSize(image.height, image.width).ok();
}

// The pictures of a file.
struct FilePictures {
  size_t first = 0;       // in CocoIndex::pictures
  RecordIndex positions;  // there
  std::vector<const CocoImage*> records;
};

FilePictures AddPictures(const CocoDataset& dataset,
                         const std::string& image_dir, CocoIndex& index) {
  FilePictures file;
  file.first = index.pictures.size();
  for (const CocoImage& image : dataset.images) {
    int at = file.positions.Find(image.id);
    if (at >= 0) {
      index.report.Add(Finding::kDuplicateImage, image.id.ToString());
    } else {
      at = static_cast<int>(index.pictures.size());
      index.pictures.emplace_back();
      file.records.emplace_back();
      file.positions.Set(image.id, at);
    }
    file.records[static_cast<size_t>(at) - file.first] = &image;
    CocoPicture& picture = index.pictures[static_cast<size_t>(at)];
    picture.id = image.id;
    picture.file_name = image.file_name;
    picture.path = absl::StrCat(image_dir, "/", image.file_name);
    const bool known = HasSize(image);
    picture.height = known ? static_cast<int>(image.height) : 0;
    picture.width = known ? static_cast<int>(image.width) : 0;
  }
  return file;
}

// Opens the pictures whose size no record gives. One that cannot be opened
// keeps no size.
void MeasurePictures(const CocoDataset& dataset, const FilePictures& file,
                     CocoIndex& index) {
  std::vector<size_t> unknown;
  for (size_t i = file.first; i < index.pictures.size(); ++i) {
    if (index.pictures[i].height == 0) unknown.push_back(i);
  }
  std::vector<std::string> errors(unknown.size());
  ParallelForEach(unknown.size(), 1, [&](size_t i) {
    CocoPicture& picture = index.pictures[unknown[i]];
    const auto image = ReadImage(picture.path);
    if (image.ok()) {
      picture.height = image->height;
      picture.width = image->width;
    } else {
      errors[i] = std::string(image.status().message());
    }
  });
  for (size_t i = 0; i < unknown.size(); ++i) {
    const CocoPicture& picture = index.pictures[unknown[i]];
    if (errors[i].empty()) {
      index.report.Add(Finding::kNoSize, picture.id.ToString());
      continue;
    }
    index.report.problems.errors.Add(absl::StrCat(
        NameOf(dataset, *file.records[unknown[i] - file.first]),
        ": no usable \"width\" and \"height\", and the picture cannot be "
        "measured: ",
        errors[i]));
  }
}

// "expected <what>, found <id>", and whether it is one but for its type.
std::string UnknownId(const char* member, const char* what, const RecordId& id,
                      const RecordIndex& listed, const char* list) {
  return absl::StrCat("\"", member, "\": expected the id of ", what, ", found ",
                      id.ToString(), NoteOnKind(id, listed, list));
}

// What judging needs to know.
struct Judge {
  const CocoIndex& index;
  const FilePictures& file;
  const Labels& labels;
  const CocoNeeds& needs;

  Judgement operator()(const CocoAnnotation& annotation) const;
};

Judgement Judge::operator()(const CocoAnnotation& annotation) const {
  Judgement judgement;
  judgement.picture = file.positions.Find(annotation.image_id);
  judgement.object.id = annotation.id;
  judgement.object.label = labels.LabelOf(annotation.category_id);
  judgement.object.segmentation = annotation.segmentation;
  if (judgement.picture < 0) {
    judgement.LeaveOut(Finding::kUnknownImage,
                       UnknownId("image_id", "a picture", annotation.image_id,
                                 file.positions, "images"));
    return judgement;
  }
  if (judgement.object.label == 0) {
    judgement.LeaveOut(
        Finding::kUnknownCategory,
        labels.ids().empty()
            ? ""
            : UnknownId("category_id", "a category", annotation.category_id,
                        labels.ids(), "categories"));
    return judgement;
  }
  const auto at = static_cast<size_t>(judgement.picture);
  JudgeAnnotation(annotation, index.pictures[at],
                  *file.records[at - file.first], needs, judgement);
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
void AddObjects(const CocoDataset& dataset, const CocoNeeds& needs,
                std::vector<Judgement> judgements, size_t first_picture,
                CocoIndex& index) {
  for (size_t i = 0; i < judgements.size(); ++i) {
    const Judgement& judgement = judgements[i];
    for (const Finding finding : judgement.findings) {
      index.report.Add(finding, judgement.object.id.ToString());
    }
    if (!judgement.fault.empty()) {
      const CocoAnnotation& annotation = dataset.annotations[i];
      // Then the reader has a line about it.
      const bool named = needs.evaluated_later &&
                         !(annotation.has_bbox && annotation.has_area);
      index.report.problems.errors.Add(
          absl::StrCat(NameOf(dataset, annotation), ": ", judgement.fault),
          named);
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

// Tells pictures without annotations from those with unusable ones. One that is
// left out, and does not say of which picture, may be any picture's.
void ReportEmptyPictures(const CocoDataset& dataset, const FilePictures& file,
                         CocoIndex& index) {
  const auto mark = [&](const RecordId& image_id) {
    const int at = file.positions.Find(image_id);
    if (at >= 0) index.pictures[static_cast<size_t>(at)].annotated = true;
  };
  for (const CocoAnnotation& annotation : dataset.annotations) {
    mark(annotation.image_id);
  }
  bool any = false;
  for (const std::optional<RecordId>& image_id : dataset.left_out_of) {
    if (image_id.has_value()) mark(*image_id);
    any |= !image_id.has_value();
  }
  for (size_t i = file.first; i < index.pictures.size(); ++i) {
    CocoPicture& picture = index.pictures[i];
    picture.annotated |= any;
    if (picture.begin < picture.end) continue;
    index.report.Add(picture.annotated ? Finding::kNoUsableAnnotation
                                       : Finding::kNoAnnotation,
                     picture.id.ToString());
  }
}

// Takes out the pictures of another file, with their annotations.
absl::Status TakeOut(const std::string& without, CocoDataset& dataset,
                     RecordProblems& problems) {
  ASSIGN_OR_RETURN(const CocoDataset other, ReadCocoDataset(without));
  problems.errors.Append(other.problems.errors);
  const RecordIndex ids = IndexOf(other.images);
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

absl::Status AddSource(const CocoSource& source, const CocoNeeds& needs,
                       Labels& labels, CocoIndex& index) {
  ASSIGN_OR_RETURN(CocoDataset dataset,
                   ReadCocoDataset(source.ann_file, needs));
  index.report.problems.Append(dataset.problems);
  if (!source.without.empty()) {
    RETURN_IF_ERROR(TakeOut(source.without, dataset, index.report.problems));
  }
  RETURN_IF_ERROR(labels.Join(dataset, index));
  if (dataset.images.empty()) {
    index.report.problems.conflicts.Add(
        absl::StrCat(source.ann_file, ": no \"images\""));
  }
  index.files.push_back(dataset.file);
  const FilePictures file = AddPictures(dataset, source.image_dir, index);
  MeasurePictures(dataset, file, index);
  ReportDuplicates(dataset, index.report);
  std::vector<Judgement> judgements(dataset.annotations.size());
  const Judge judge{index, file, labels, needs};
  ParallelForEach(judgements.size(), 64, [&](size_t i) {
    judgements[i] = judge(dataset.annotations[i]);
  });
  AddObjects(dataset, needs, std::move(judgements), file.first, index);
  ReportEmptyPictures(dataset, file, index);
  index.report.annotations += static_cast<int64_t>(dataset.annotations.size());
  return absl::OkStatus();
}

}  // namespace

CocoNeeds TrainingNeeds(const CocoUse& use) {
  CocoNeeds needs;
  needs.file_name = MemberUse::kNeeded;
  needs.name = MemberUse::kOptional;
  needs.bbox = MemberUse::kOptional;
  if (use.ignored_regions) needs.ignore = MemberUse::kOptional;
  return needs;
}

absl::StatusOr<CocoIndex> IndexCoco(absl::Span<const CocoSource> sources,
                                    const CocoNeeds& needs) {
  CocoIndex index;
  Labels labels;
  for (const CocoSource& source : sources) {
    RETURN_IF_ERROR(AddSource(source, needs, labels, index));
  }
  index.report.pictures = static_cast<int64_t>(index.pictures.size());
  return index;
}

std::vector<int32_t> UsablePictures(const InputConfig& input, CocoIndex& index,
                                    const CocoUse& use) {
  std::vector<int32_t> usable;
  for (size_t i = 0; i < index.pictures.size(); ++i) {
    const CocoPicture& picture = index.pictures[i];
    if (picture.height == 0) continue;
    const auto objects = index.ObjectsOf(picture);
    const PreparedSize size =
        SizeToPrepare(picture.height, picture.width, input);
    int64_t left = 0, vanished = 0;
    for (const CocoObject& object : objects) {
      if (object.ignored) continue;
      if (RoundBox(
              BoxInPrepared(object.box, picture.height, picture.width, size))
              .empty()) {
        index.report.Add(Finding::kVanishingBox, object.id.ToString());
        ++vanished;
      } else {
        ++left;
      }
    }
    if (left == 0 && vanished > 0) {
      index.report.Add(Finding::kAllVanish, picture.id.ToString());
      continue;
    }
    // A picture whose annotations are all of no use shows objects all the same.
    const bool empty = !picture.annotated || !objects.empty();
    if (left == 0 && !(empty && use.empty_pictures)) continue;
    usable.push_back(static_cast<int32_t>(i));
    index.report.used_annotations += left;
  }
  index.report.used_pictures = static_cast<int64_t>(usable.size());
  return usable;
}

}  // namespace fcis::data
