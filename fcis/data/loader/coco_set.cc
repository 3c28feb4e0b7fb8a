#include "fcis/data/loader/coco_set.h"

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/loader/judgement.h"
#include "fcis/data/loader/similar_file.h"

namespace fcis::data {

absl::StatusOr<std::unique_ptr<CocoSet>> CocoSet::Create(
    absl::Span<const CocoSource> sources, const InputConfig& input,
    const BadAnnotationPolicy& policy, const CocoUse& use) {
  ASSIGN_OR_RETURN(CocoIndex index, IndexCoco(sources, TrainingNeeds(use)));
  RETURN_IF_ERROR(index.report.problems.Check(policy));
  std::vector<int32_t> usable = UsablePictures(input, index, use);
  if (index.report.used_annotations == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        sources[0].ann_file, ": nothing to train on: ", index.report.ToText()));
  }
  auto set = absl::WrapUnique(new CocoSet(std::move(index), std::move(usable)));
  RETURN_IF_ERROR(set->CheckFiles(policy.max_messages));
  return set;
}

// Hours into a run is no time to learn of a wrong --image_dir.
absl::Status CocoSet::CheckFiles(int max_messages) const {
  std::vector<absl::Status> faults(usable_.size());
  ParallelForEach(faults.size(), 64, [&](size_t i) {
    const CocoPicture& picture = At(static_cast<int64_t>(i));
    faults[i] = FaultOf(picture, ReadImageSize(picture.path));  // by its header
  });
  RecordLines lines;
  int64_t missing = 0;
  for (int64_t i = 0; i < size(); ++i) {
    const absl::Status& fault = faults[static_cast<size_t>(i)];
    if (absl::IsNotFound(fault)) {
      ++missing;
      lines.Add(lines.count < max_messages
                    ? DescribeUnreadable(At(i).id, At(i).path)
                    : "");
    } else if (!fault.ok()) {
      lines.Add(absl::StrCat("image id ", ImageId(i), ": ", fault.message()));
    }
  }
  if (lines.count == 0) return absl::OkStatus();
  const std::string message =
      absl::StrCat(lines.count, " of ", size(), " pictures are missing",
                   missing == lines.count ? "" : ", damaged or of another size",
                   ":\n", lines.ToText(max_messages, "  "));
  if (missing > 0) return absl::NotFoundError(message);
  return absl::FailedPreconditionError(message);
}

const CocoPicture& CocoSet::At(int64_t index) const {
  return index_
      .pictures[static_cast<size_t>(usable_[static_cast<size_t>(index)])];
}

bool CocoSet::IsPortrait(int64_t index) const {
  return At(index).height > At(index).width;
}

std::string CocoSet::ImageId(int64_t index) const {
  return At(index).id.ToString();
}

std::vector<int> CocoSet::Labels(int64_t index) const {
  std::vector<int> labels;
  for (const CocoObject& object : index_.ObjectsOf(At(index))) {
    if (!object.ignored) labels.push_back(object.label);
  }
  return labels;
}

SetContents CocoSet::Contents() const {
  SetContents contents;
  for (size_t i = 0; i < index_.class_names.size(); ++i) {
    contents.classes.push_back(absl::StrCat(index_.class_ids[i].ToString(), " ",
                                            index_.class_names[i]));
  }
  std::vector<uint64_t> hashes(usable_.size());
  ParallelForEach(size(), 64, [&](int64_t i) {
    uint64_t& hash = hashes[static_cast<size_t>(i)];
    for (const CocoObject& object : index_.ObjectsOf(At(i))) {
      const Box& box = object.box;
      hash = RngBits(
          hash ^ Fnv1a64(object.segmentation),
          Fnv1a64(absl::StrCat(object.label, object.ignored ? "i " : " ",
                               box.x0, " ", box.y0, " ", box.x1, " ", box.y1)));
    }
  });
  for (int64_t i = 0; i < size(); ++i) {
    const CocoPicture& picture = At(i);
    contents.pictures.push_back(
        absl::StrCat(picture.id.ToString(), " ", picture.file_name));
    contents.objects =
        RngBits(contents.objects, hashes[static_cast<size_t>(i)]);
  }
  return contents;
}

absl::StatusOr<LabelledImage> CocoSet::Get(int64_t index) const {
  const CocoPicture& picture = At(index);
  LabelledImage result;
  absl::StatusOr<Image> image = ReadImage(picture.path);
  if (const absl::Status fault = FaultOf(picture, image); !fault.ok()) {
    return absl::Status(fault.code(),
                        absl::StrCat(fault.message(), " (image id ",
                                     picture.id.ToString(), ")"));
  }
  result.image = *std::move(image);
  const int height = result.image.height, width = result.image.width;
  for (const CocoObject& object : index_.ObjectsOf(picture)) {
    ASSIGN_OR_RETURN(const Rle rle,
                     DecodeSegmentation(object.segmentation, height, width));
    std::vector<uint8_t> mask(static_cast<size_t>(height) * width);
    RETURN_IF_ERROR(DecodeRowMajor(rle, absl::MakeSpan(mask)));
    if (object.ignored) {
      result.instances.Ignore(mask);
    } else {
      result.instances.Add(object.box, object.label, std::move(mask));
    }
  }
  return result;
}

}  // namespace fcis::data
