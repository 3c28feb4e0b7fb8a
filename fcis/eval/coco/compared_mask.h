// A detection's mask beside those of objects.
#ifndef FCIS_EVAL_COCO_COMPARED_MASK_H_
#define FCIS_EVAL_COCO_COMPARED_MASK_H_

#include <array>
#include <cstdint>

#include "fcis/core/rle/rle.h"
#include "fcis/core/rle/rle_ranks.h"
#include "fcis/eval/coco/ground_truth.h"
#include "fcis/eval/coco/options.h"

namespace fcis::eval {

// What is asked of the mask again and again is computed once, and not before.
class ComparedMask {
 public:
  // Of an IoU below `least` it need not be known how small it is.
  ComparedMask(IouType type, double least) : type_(type), least_(least) {}

  // Forgets the mask; what this returns is to be made the next one. Its arrays
  // are there to be used again.
  Rle& Renew();
  // Of that mask, where they are known already.
  void SetSums(const RunSums& sums) {
    sums_ = sums;
    has_sums_ = true;
  }

  const Rle& rle() const { return rle_; }
  uint32_t area() { return sums().area; }
  const XywhBox& box();  // tight

  // pycocotools' IoU with the object's mask, for IouType::kBoundary the smaller
  // of that and the boundaries'; 0 where it cannot reach `least`.
  double Iou(const TruthObject& object);

 private:
  const RunSums& sums();
  bool CanReach(const TruthObject& object);
  double IouOfMasks(const TruthObject& object);
  const XywhBox& columns();
  const RleRanks* RanksOf(const TruthObject& object);

  const IouType type_;
  const double least_;
  Rle rle_, boundary_;
  RunSums sums_ = {};
  XywhBox box_, columns_;
  bool has_sums_ = false, has_box_ = false, has_columns_ = false;
  bool has_boundary_ = false;
  // Of the objects compared last, as detections come picture by picture.
  struct Ranked {
    const TruthObject* object = nullptr;
    bool built = false;
    RleRanks ranks;
  };
  std::array<Ranked, 16> ranked_;
};

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_COMPARED_MASK_H_
