// A few pictures of a validation set, always the same ones, with what is
// annotated and what each validation of a run found in them.
#ifndef FCIS_TRAIN_WATCH_FIXED_PICTURES_H_
#define FCIS_TRAIN_WATCH_FIXED_PICTURES_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/io/file.h"
#include "fcis/core/page/instance_json.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/record_id.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::train {

class FixedPictures {
 public:
  // At most so many pictures, of at most so many pixels at their longer side;
  // the best detections of each; validations, spread evenly over all.
  static constexpr int kPictures = 6, kSide = 480;
  static constexpr int kDetections = 20, kValidations = 24;

  // None.
  FixedPictures() = default;

  // Pictures with objects, spread evenly over those of `ann_file`, a data set
  // in COCO's format. Those that cannot be read are problems. Errors: the file
  // cannot be read.
  static absl::StatusOr<FixedPictures> Open(const std::string& ann_file,
                                            const std::string& image_dir);

  // Takes from <run>/validation_<iteration>/results.json what was found; of
  // `iterations` those that are shown. What cannot be read yet is left out.
  // Returns whether something new is shown.
  bool Update(const std::string& run, const std::vector<int64_t>& iterations);

  // Members of the object in hand:
  //   "iterations": of the validations
  //   "pictures": [{"name", "jpeg" (Base64), "width", "height" (of the file),
  //     "mask_size": [height, width], "truth": [instance...],
  //     "found": one list of instances for each validation}]
  //   "problems": why pictures are not there
  // An instance: {"class", "box", "mask"} (InstanceMembers), of detections with
  // "score".
  void Put(rapidjson::Writer<rapidjson::StringBuffer>& json) const;

 private:
  struct Picture {
    data::RecordId id;
    std::string name, jpeg;  // jpeg in Base64
    PagePicture size;
    std::string truth;  // JSON, a list
  };
  // JSON lists, one for each picture.
  using Found = std::vector<std::string>;

  // All but its id, its name and what is annotated.
  static absl::Status ReadPicture(const std::string& path, Picture* picture);
  absl::StatusOr<Found> ReadFound(const std::string& path) const;
  std::string TruthJson(
      const std::vector<const data::CocoAnnotation*>& annotations,
      const Picture& picture) const;
  absl::StatusOr<std::string> FoundJson(const MappedFile& results,
                                        const std::string& path, size_t offset,
                                        const Picture& picture) const;
  std::string ClassJson(const data::RecordId& id) const;

  std::vector<Picture> pictures_;
  std::map<std::string, std::string> classes_;  // name by JSON of the id
  std::vector<std::string> problems_;
  std::map<int64_t, Found> found_;  // by iteration
  std::vector<int64_t> shown_;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_WATCH_FIXED_PICTURES_H_
