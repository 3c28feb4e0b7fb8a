// CocoParams: what an evaluation (fcis/coco.h) evaluates; pycocotools' Params.
#ifndef FCIS_COCO_PARAMS_H_
#define FCIS_COCO_PARAMS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace fcis {

// What is compared.
enum class IouType {
  kBox,       // "bbox"
  kMask,      // "segmentation", pycocotools' "segm"
  kKeypoints  // "keypoints", by object keypoint similarity
};

// Objects of an area that is not in it do not count; both ends are inside.
struct CocoAreaRange {
  std::string name;  // "all", "small", "medium" and "large" are in Stats()
  double low = 0, high = 0;  // square pixels
};

// What is evaluated. Begins as COCO's challenges have it.
struct CocoParams {
  CocoParams() = default;
  explicit CocoParams(IouType type) {
    if (type != IouType::kKeypoints) return;
    max_detections = {20};
    area_ranges.erase(area_ranges.begin() + 1);
  }

  // Ids that are evaluated, in any order; none: all that the truth lists.
  std::vector<int64_t> image_ids, category_ids;
  // Whether a detection must have the object's class; not for keypoints.
  bool use_categories = true;
  // An overlap from which on a detection has found an object.
  std::vector<double> iou_thresholds = {
      .5, .55, .6, .65, .7, .75, .8, .85, .8999999999999999, .95};  // NumPy's
  // Where precision is read.
  std::vector<double> recall_thresholds = Hundredths();
  // So many of a picture and class count, by score.
  std::vector<int64_t> max_detections = {1, 10, 100};
  std::vector<CocoAreaRange> area_ranges = {{"all", 0, 1e10},
                                            {"small", 0, 1024},
                                            {"medium", 1024, 9216},
                                            {"large", 9216, 1e10}};
  // Of keypoints: how far each may be off in terms of the object's size; COCO's
  // of a person.
  std::vector<double> sigmas =
      Tenths({.26, .25, .25, .35, .35, .79, .79, .72, .72, .62, .62, 1.07, 1.07,
              .87, .87, .89, .89});

 private:
  static std::vector<double> Hundredths() {
    std::vector<double> all;
    for (int i = 0; i <= 100; ++i) all.push_back(i * .01);
    return all;
  }
  // As NumPy rounds them.
  static std::vector<double> Tenths(std::vector<double> all) {
    for (double& value : all) value /= 10;
    return all;
  }
};

}  // namespace fcis

#endif  // FCIS_COCO_PARAMS_H_
