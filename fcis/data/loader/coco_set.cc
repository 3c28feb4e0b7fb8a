#include "fcis/data/loader/coco_set.h"

#include <unistd.h>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/size_mismatch.h"
#include "fcis/data/loader/similar_file.h"

namespace fcis {

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
  std::vector<char> missing(usable_.size());
  ParallelFor(size(), 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      missing[static_cast<size_t>(i)] =
          access(At(i).path.c_str(), F_OK) != 0 ? 1 : 0;
    }
  });
  RecordLines lines;
  for (int64_t i = 0; i < size(); ++i) {
    if (missing[static_cast<size_t>(i)] == 0) continue;
    lines.Add(lines.count < max_messages
                  ? DescribeUnreadable(At(i).id, At(i).path)
                  : "");
  }
  if (lines.count == 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(lines.count, " of ", size(),
                                          " pictures are missing:\n",
                                          lines.ToText(max_messages, "  ")));
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
  ParallelFor(size(), 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      uint64_t& hash = hashes[static_cast<size_t>(i)];
      for (const CocoObject& object : index_.ObjectsOf(At(i))) {
        const Box& box = object.box;
        hash = RngBits(hash ^ Fnv1a64(object.segmentation),
                       Fnv1a64(absl::StrCat(
                           object.label, object.ignored ? "i " : " ", box.x0,
                           " ", box.y0, " ", box.x1, " ", box.y1)));
      }
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
  if (!image.ok()) {
    return absl::Status(image.status().code(),
                        absl::StrCat(image.status().message(), " (image id ",
                                     picture.id.ToString(), ")"));
  }
  result.image = *std::move(image);
  const int height = result.image.height, width = result.image.width;
  if (height != picture.height || width != picture.width) {
    return absl::FailedPreconditionError(
        absl::StrCat(DescribeSizeMismatch(picture.path, height, width,
                                          picture.height, picture.width),
                     " (image id ", picture.id.ToString(), ")"));
  }
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

}  // namespace fcis
