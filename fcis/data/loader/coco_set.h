// Pictures with annotations in COCO's format, to train on.
#ifndef FCIS_DATA_LOADER_COCO_SET_H_
#define FCIS_DATA_LOADER_COCO_SET_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/data/loader/coco_index.h"
#include "fcis/data/loader/training_set.h"

namespace fcis::data {

class CocoSet : public TrainingSet {
 public:
  // Joins the sources (IndexCoco). The pictures that UsablePictures names take
  // part, in the files' order. Errors: those of
  // IndexCoco, and of `policy` on what it found; no picture is left (the
  // message has the report); files of such pictures are missing (NotFound), or
  // unreadable, no pictures or of another size by their headers, all at once.
  static absl::StatusOr<std::unique_ptr<CocoSet>> Create(
      absl::Span<const CocoSource> sources, const InputConfig& input,
      const BadAnnotationPolicy& policy = {}, const CocoUse& use = {});

  // What was left out; complete.
  const DatasetReport& report() const { return index_.report; }

  const std::vector<std::string>& class_names() const override {
    return index_.class_names;
  }
  int64_t size() const override { return static_cast<int64_t>(usable_.size()); }
  bool IsPortrait(int64_t index) const override;
  std::string ImageId(int64_t index) const override;
  std::vector<int> Labels(int64_t index) const override;
  SetContents Contents() const override;
  // Reads the picture and decodes its masks; nothing is kept.
  absl::StatusOr<LabelledImage> Get(int64_t index) const override;

 private:
  CocoSet(CocoIndex index, std::vector<int32_t> usable)
      : index_(std::move(index)), usable_(std::move(usable)) {}
  const CocoPicture& At(int64_t index) const;
  absl::Status CheckFiles(int max_messages) const;

  CocoIndex index_;
  std::vector<int32_t> usable_;  // of index_.pictures
};

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_COCO_SET_H_
