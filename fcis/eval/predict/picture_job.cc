#include "fcis/eval/predict/picture_job.h"

#include <utility>

#include "absl/time/time.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/base/within.h"
#include "fcis/core/mask/paste.h"
#include "fcis/data/codec/image_reader.h"

namespace fcis::eval {
namespace {

// Calls `read`, whose errors name the file.
template <typename Read>
PictureJob Timed(const Read& read) {
  PictureJob job;
  const absl::Time start = SteadyNow();
  absl::StatusOr<Image> image = read();
  job.read_seconds = absl::ToDoubleSeconds(SteadyNow() - start);
  job.status = image.status();
  if (image.ok()) job.image = *std::move(image);
  return job;
}

}  // namespace

PictureJob LoadPicture(const std::string& path, int64_t max_pixels) {
  return Timed([&] { return data::ReadImage(path, {max_pixels}); });
}

PictureJob DecodePicture(absl::string_view bytes, const std::string& path,
                         int64_t max_pixels) {
  PictureJob job =
      Timed([&] { return data::DecodeImage(bytes, {max_pixels}); });
  job.status = Within(path, job.status);
  return job;
}

PictureJob DetectIn(PictureJob job, const std::string& path,
                    const DetectFunction& detect) {
  if (!job.status.ok()) return job;
  absl::StatusOr<std::vector<model::Detection>> found =
      detect(job.image, &job.times);
  if (found.ok()) {
    job.detections = *std::move(found);
  } else {
    job.status = Within(path, found.status());
  }
  return job;
}

std::vector<Instance> PasteInstances(
    const PictureJob& job, float threshold,
    const std::function<bool(const model::Detection&)>& keep) {
  std::vector<Instance> instances;
  for (const model::Detection& detection : job.detections) {
    if (!keep(detection)) continue;
    instances.push_back(
        {detection, PasteMask(detection.mask, detection.box, threshold,
                              job.image.height, job.image.width)});
  }
  return instances;
}

data::ResultEntry ResultOf(const Instance& instance, const Image& image,
                           const data::RecordId& image_id,
                           const data::RecordId& category_id) {
  data::ResultEntry entry;
  entry.image_id = image_id;
  entry.category_id = category_id;
  entry.score = instance.detection.score;
  entry.segmentation =
      PastedMaskToRle(instance.mask, image.height, image.width);
  return entry;
}

}  // namespace fcis::eval
