#include "fcis/data/convert/read_coco.h"

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/hash/hash.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/record_id.h"
#include "fcis/data/coco/segmentation.h"
#include "fcis/data/convert/shapes.h"
#include "fcis/data/json/open_json.h"

namespace fcis::data {
namespace {

CocoNeeds Needs() {
  CocoNeeds needs;
  needs.file_name = MemberUse::kNeeded;
  needs.name = MemberUse::kOptional;
  needs.bbox = MemberUse::kOptional;
  needs.ignore = MemberUse::kOptional;
  return needs;
}

absl::Status TakeOutline(const CocoAnnotation& annotation,
                         const CocoImage& image, ForeignObject* object,
                         ForeignSet* set) {
  const bool none = annotation.segmentation.empty() ||
                    annotation.segmentation == "null" ||
                    annotation.segmentation == "[]";
  if (none && annotation.has_bbox) {
    const XywhBox& box = annotation.bbox;
    object->polygons = {
        RectanglePolygon(box.x, box.y, box.x + box.width, box.y + box.height)};
    set->notes.Add("boxes without an outline, taken as rectangles",
                   annotation.id.ToString());
    return absl::OkStatus();
  }
  Segmentation segmentation;
  RETURN_IF_ERROR(ParseSegmentation(annotation.segmentation, segmentation));
  if (segmentation.kind == Segmentation::Kind::kPolygons) {
    object->polygons = std::move(segmentation.polygons);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(object->mask,
                   SegmentationToRle(segmentation, image.height, image.width));
  return absl::OkStatus();
}

class Reader {
 public:
  Reader(const ReaderInput& input, ForeignSet* set)
      : input_(input), set_(set) {}

  absl::Status Read(const std::string& file) {
    ASSIGN_OR_RETURN(const CocoDataset dataset, ReadCocoDataset(file, Needs()));
    set_->problems.Append(dataset.problems);
    ++file_number_;
    RecordIndex categories, images;
    for (size_t i = 0; i < dataset.categories.size(); ++i) {
      const CocoCategory& category = dataset.categories[i];
      const int known = categories.Find(category.id);
      if (known >= 0 && dataset.categories[known].name != category.name) {
        return absl::InvalidArgumentError(absl::StrCat(
            file, ": category id ", category.id.ToString(), " is \"",
            dataset.categories[known].name, "\" and \"", category.name, "\""));
      }
      categories.Set(category.id, static_cast<int>(i));
      set_->AddClass(category.name);
    }
    // Nobody knows to which of two pictures of an id its annotations belong.
    std::vector<bool> ambiguous(dataset.images.size(), false);
    for (size_t i = 0; i < dataset.images.size(); ++i) {
      const CocoImage& image = dataset.images[i];
      const int known = images.Find(image.id);
      if (known >= 0 && dataset.images[known].file_name != image.file_name) {
        ambiguous[i] = ambiguous[known] = true;
      }
      images.Set(image.id, static_cast<int>(i));
    }
    ASSIGN_OR_RETURN(masks_are_crowds_, MasksAreCrowds(dataset));
    std::vector<int> picture_of(dataset.images.size(), -1);
    for (size_t i = 0; i < dataset.images.size(); ++i) {
      const CocoImage& image = dataset.images[i];
      if (ambiguous[i]) {
        set_->problems.errors.Add(absl::StrCat(NameOf(dataset, image), ": ",
                                               image.file_name,
                                               " has the id of another one"));
      } else {
        picture_of[i] = AddPicture(dataset, image);
      }
    }
    for (const CocoAnnotation& annotation : dataset.annotations) {
      const int image = images.Find(annotation.image_id);
      const int category = categories.Find(annotation.category_id);
      if (image < 0 || category < 0) {
        set_->notes.Add(
            absl::StrCat("annotations of an unlisted ",
                         image < 0 ? "picture" : "category", ", left out"),
            annotation.id.ToString());
      } else if (picture_of[image] >= 0) {
        AddObject(dataset, annotation, dataset.images[image],
                  dataset.categories[category].name,
                  &set_->pictures[picture_of[image]]);
      }
    }
    return absl::OkStatus();
  }

 private:
  // CVAT's exporter (Datumaro) says "iscrowd": 1 of whatever was drawn with the
  // brush. Its annotations have "attributes", COCO's own have none.
  static absl::StatusOr<bool> MasksAreCrowds(const CocoDataset& dataset) {
    if (absl::c_none_of(dataset.annotations, [](const CocoAnnotation& one) {
          return one.crowd != 0;
        })) {
      return false;
    }
    ASSIGN_OR_RETURN(const auto file, OpenJson(dataset.path));
    return absl::StrContains(file->bytes(), "\"attributes\":");
  }

  // Its position; -1: there is no such file.
  int AddPicture(const CocoDataset& dataset, const CocoImage& image) {
    const absl::StatusOr<std::string> path =
        input_.pictures->Find(image.file_name, DirectoryOf(dataset.path));
    if (!path.ok()) {
      set_->problems.errors.Add(
          absl::StrCat(NameOf(dataset, image), ": ", path.status().message()));
      return -1;
    }
    const auto next = static_cast<int>(set_->pictures.size());
    const auto [known, is_new] = positions_.emplace(*path, next);
    if (!is_new) return known->second;
    ForeignPicture picture;
    picture.source = dataset.path;
    picture.path = *path;
    // Tools write 0 where they do not know them.
    picture.height = image.height > 0 ? image.height : -1;
    picture.width = image.width > 0 ? image.width : -1;
    picture.validates = PartOf(input_.root, dataset.path) == Part::kValidation;
    set_->pictures.push_back(std::move(picture));
    return next;
  }

  void AddObject(const CocoDataset& dataset, const CocoAnnotation& annotation,
                 const CocoImage& image, const std::string& name,
                 ForeignPicture* picture) {
    if (IsInAnotherFile(annotation, name, picture->path)) {
      set_->notes.Add("annotations that another file has, too, left out",
                      annotation.id.ToString());
      return;
    }
    ForeignObject object;
    object.name = name;
    object.crowd = annotation.crowd != 0 && !masks_are_crowds_;
    if (annotation.crowd != 0 && masks_are_crowds_) {
      set_->notes.Add(
          "masks that CVAT exports as crowds (iscrowd 1), taken as objects",
          annotation.id.ToString());
    }
    object.ignore = annotation.ignore;
    object.where = absl::StrCat("annotation id ", annotation.id.ToString());
    const absl::Status taken = TakeOutline(annotation, image, &object, set_);
    if (taken.ok()) {
      picture->objects.push_back(std::move(object));
    } else {
      set_->problems.errors.Add(
          absl::StrCat(NameOf(dataset, annotation), ": ", taken.message()));
    }
  }

  // COCO's persons are in its files of instances and of keypoints.
  bool IsInAnotherFile(const CocoAnnotation& annotation,
                       const std::string& name, const std::string& path) {
    if (input_.files.size() < 2) return false;
    const XywhBox& box = annotation.bbox;
    const size_t key = absl::HashOf(path, name, annotation.segmentation, box.x,
                                    box.y, box.width, box.height);
    return first_files_.emplace(key, file_number_).first->second !=
           file_number_;
  }

  const ReaderInput& input_;
  ForeignSet* const set_;
  std::unordered_map<std::string, int> positions_;  // by path
  bool masks_are_crowds_ = false;
  int file_number_ = 0;
  std::unordered_map<size_t, int> first_files_;  // by what an annotation is
};

}  // namespace

absl::Status ReadCoco(const ReaderInput& input, ForeignSet* set) {
  Reader reader(input, set);
  for (const std::string& file : input.files) {
    if (PartOf(input.root, file) == Part::kTest) {
      set->notes.Add(kTestPart, file);
    } else {
      RETURN_IF_ERROR(reader.Read(file));
    }
  }
  return absl::OkStatus();
}

}  // namespace fcis::data
