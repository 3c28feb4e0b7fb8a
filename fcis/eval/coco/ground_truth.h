// The annotated objects of an evaluation, by picture and category, in the order
// in which COCOeval meets them.
#ifndef FCIS_EVAL_COCO_GROUND_TRUTH_H_
#define FCIS_EVAL_COCO_GROUND_TRUTH_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/base/large_vector.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/record_problems.h"
#include "fcis/data/coco/segmentation.h"
#include "fcis/eval/coco/options.h"

namespace fcis::eval {

// A mask whose runs are kept by others, with what is asked of it again and
// again.
struct MeasuredMask {
  int height = 0, width = 0;
  absl::Span<const uint32_t> counts;
  uint32_t area = 0;
  XywhBox box;  // tight

  Rle ToRle() const { return {height, width, {counts.begin(), counts.end()}}; }
};
// Of a mask that outlives the result.
MeasuredMask MeasureMask(const Rle& rle);

// Memory for the runs of many masks, taken in large pieces.
class RunStore {
 public:
  RunStore() = default;
  RunStore(RunStore&&) = default;
  RunStore& operator=(RunStore&&) = default;

  // A copy, which stays where it is while the store lives.
  absl::Span<const uint32_t> Keep(absl::Span<const uint32_t> runs);

 private:
  std::vector<LargeVector<uint32_t>> pieces_;
};

struct TruthObject {
  int annotation = 0;  // index in the data set
  double area = 0;     // as annotated
  bool crowd = false;
  bool ignore = false;
  // Its id is 0: COCOeval takes its detection for a false positive.
  bool unmatchable = false;
  XywhBox box;        // as annotated; bbox only
  MeasuredMask mask;  // segm and boundary only
  Rle boundary;       // boundary only
};

// What is odd about how the annotations refer to other records. Numbers are
// indices of annotations in the data set, ascending.
struct TruthReferences {
  struct Replaced {
    int annotation = 0, by = 0;
  };
  // A later annotation has the same id, and takes the place of this one
  // (options.sane: each counts). Of evaluated pictures and categories.
  std::vector<Replaced> replaced;
  // Of a picture or category that is not listed; left out.
  std::vector<int> no_image, no_category;
};

// What an evaluation of results needs of its annotations. What is wrong with
// records of pictures and categories that are not evaluated is a remark.
data::CocoNeeds EvalNeeds(const EvalOptions& options);
// The same of one that runs a model: it opens the pictures and compares names.
data::CocoNeeds ModelEvalNeeds(const EvalOptions& options);

class GroundTruth {
 public:
  // `dataset`, read with EvalNeeds, must outlive the result. Errors: those of
  // options.bad_annotations, all at once: what the reader found; annotations
  // without a "segmentation" where the IoU needs it, or with one that is no
  // mask.
  static absl::StatusOr<GroundTruth> Build(const data::CocoDataset& dataset,
                                           const EvalOptions& options);

  const data::CocoDataset& dataset() const { return *dataset_; }
  // The data set's, and those found here.
  const data::RecordProblems& problems() const { return problems_; }

  // The evaluated pictures and categories: indices in the data set, -1 for an
  // id that it lacks; by ascending id.
  const std::vector<int>& images() const { return images_; }
  const std::vector<int>& categories() const { return categories_; }

  // Classes of the evaluation: the categories, or one.
  int num_classes() const {
    return class_agnostic_ ? 1 : static_cast<int>(categories_.size());
  }
  int ClassOf(int category) const { return class_agnostic_ ? 0 : category; }

  struct Image {
    bool known = false;
    int evaluated = -1;  // position in images(), or -1
    int index = -1;      // in the data set
  };
  Image FindImage(const data::RecordId& id) const;
  // Position in categories(), or -1.
  int FindCategory(const data::RecordId& id) const;
  // Index in the data set, or -1.
  int CategoryIndex(const data::RecordId& id) const {
    return dataset_categories_.Find(id);
  }
  // NoteOnKind of an id that is not listed.
  std::string NoteOnImage(const data::RecordId& id) const;
  std::string NoteOnCategory(const data::RecordId& id) const;

  const TruthReferences& references() const { return references_; }

  // Of one picture and class, positions as above.
  absl::Span<const TruthObject> Cell(int image, int klass) const;
  // Of one picture, class by class.
  absl::Span<const TruthObject> ObjectsIn(int image) const;
  absl::Span<const TruthObject> objects() const { return objects_; }
  // Positions among objects() of a class's objects.
  absl::Span<const uint32_t> ObjectsOf(int klass) const {
    return class_objects_[static_cast<size_t>(klass)];
  }
  // Position among objects() of the first of those of a cell or picture.
  int64_t Position(absl::Span<const TruthObject> some) const {
    return some.data() - objects_.data();
  }

 private:
  struct CellRange {
    int klass;
    uint32_t begin, end;
  };

  // Of an object: positions as above, and the index in the data set.
  struct Place {
    int image = -1, category = -1, annotation = -1;
  };
  static int ImageOf(const Place& place) { return place.image; }
  static int CategoryOf(const Place& place) { return place.category; }

  void SelectImages(const EvalOptions& options);
  void SelectCategories(const EvalOptions& options);
  void Collect(const EvalOptions& options);
  // Of the annotations of evaluated pictures and categories, in the file's
  // order; sets by_id and the references to what is not listed.
  std::vector<Place> ListPlaces(data::RecordIndex& by_id);
  Place PlaceOf(int annotation) const;
  void SetObjects(const std::vector<Place>& places);
  // What is wrong with objects, by annotation.
  using Faults = std::map<int, std::string>;
  Faults Measure(const EvalOptions& options);
  void LeaveOut(const Faults& faults);
  // Empty: nothing is wrong. The memory of `segmentation` is reused.
  std::string MeasureObject(const EvalOptions& options,
                            data::Segmentation& segmentation, RunStore& runs,
                            TruthObject& object);
  absl::StatusOr<Rle> MaskOf(const data::CocoAnnotation& annotation,
                             data::Segmentation& segmentation) const;

  const data::CocoDataset* dataset_ = nullptr;
  data::RecordProblems problems_;
  std::vector<bool> left_out_;  // by annotation; empty: none
  bool class_agnostic_ = false;
  std::vector<int> images_, categories_;
  data::RecordIndex dataset_images_, dataset_categories_;
  std::vector<int> evaluated_;  // by index of the image in the data set
  data::RecordIndex evaluated_categories_;
  LargeVector<TruthObject> objects_;
  std::vector<RunStore> runs_;  // of their masks, by the thread that read them
  std::vector<CellRange> cells_;
  std::vector<uint32_t> first_cell_;  // by evaluated image, and the end
  std::vector<std::vector<uint32_t>> class_objects_;
  TruthReferences references_;
};

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_GROUND_TRUTH_H_
