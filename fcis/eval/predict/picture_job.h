// A picture on its way from its file to the instances found in it: what each
// program that runs a model does with a picture.
#ifndef FCIS_EVAL_PREDICT_PICTURE_JOB_H_
#define FCIS_EVAL_PREDICT_PICTURE_JOB_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/image/image.h"
#include "fcis/core/mask/paste.h"
#include "fcis/data/coco/coco_writer.h"
#include "fcis/data/coco/record_id.h"
#include "fcis/model/detection.h"
#include "fcis/model/detector.h"

namespace fcis::eval {

// Detector::Detect, with the post-processing values chosen. `times` may be
// null.
using DetectFunction =
    std::function<absl::StatusOr<std::vector<model::Detection>>(
        const Image& image, model::StageTimes* times)>;

struct PictureJob {
  // An error names the file. The rest holds what the stages found before it.
  absl::Status status;
  Image image;
  double read_seconds = 0;
  std::vector<model::Detection> detections;
  model::StageTimes times;
};

// Reads the picture in the file `path` (ReadImage). A picture of more than
// `max_pixels` is an error.
PictureJob LoadPicture(const std::string& path, int64_t max_pixels);

// The same of the file's bytes.
PictureJob DecodePicture(absl::string_view bytes, const std::string& path,
                         int64_t max_pixels);

// Adds what is found in the picture, which was read from `path`. A job that has
// failed stays as it is.
PictureJob DetectIn(PictureJob job, const std::string& path,
                    const DetectFunction& detect);

// One detection in the pixels of its picture.
struct Instance {
  model::Detection detection;
  PastedMask mask;
};

// The detections that `keep` returns true for, in the detector's order. Pixels
// of at least the probability `threshold` belong to an instance (paste.h).
std::vector<Instance> PasteInstances(
    const PictureJob& job, float threshold,
    const std::function<bool(const model::Detection&)>& keep);

// An instance in COCO's results format, without "file_name" and "bbox".
data::ResultEntry ResultOf(const Instance& instance, const Image& image,
                           const data::RecordId& image_id,
                           const data::RecordId& category_id);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_PREDICT_PICTURE_JOB_H_
