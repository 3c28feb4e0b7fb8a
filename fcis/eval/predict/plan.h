// Which pictures of a data set are computed, and which detections of an earlier
// run are as good: those of the same file content, made with the same weights,
// settings and categories.
#ifndef FCIS_EVAL_PREDICT_PLAN_H_
#define FCIS_EVAL_PREDICT_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/match_classes.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/eval/predict/journal.h"
#include "fcis/model/weights/weights.h"

namespace fcis::eval {

struct PredictOptions {
  std::string image_dir;  // the data set's "file_name"s lie here
  // Exists, and is the same for all processes of the job; gets journals
  // (journal.h) and, when all pictures are done, results.json.
  std::string directory;
  // What detects, with the config that it runs under. Not null.
  const model::Weights* weights = nullptr;
  // A time before they were read from the file that their source names. Left
  // alone: they come from no file, or not as they are there.
  absl::Time weights_read_at;
  std::string computed_by;  // device and precision: "cpu, f32"
  // Kept detections that are not good any more are an error, and not computed
  // again.
  bool reuse = false;
  int max_messages = 20;  // of one kind
  // Pixels of at least this probability belong to an instance (paste.h).
  float paste_threshold = 0;
  int64_t max_pixels = kDefaultMaxPixels;
};

// Where results.json is written.
std::string ResultsPath(const PredictOptions& options);

// The file of a picture.
std::string PicturePath(const PredictOptions& options,
                        const data::CocoImage& image);

struct Plan {
  std::string header;      // of the journals
  std::vector<bool> todo;  // by picture: it must be computed
  // What is kept of the others.
  std::vector<JournalPicture> kept;
  std::string message;  // what became of earlier detections; "": they are good
};

// Looks `directory` over and brings it into order: journals hold what is good,
// and a results.json that is not is removed. To be called by one process when
// all else is ready, for it drops what is not good.
//
// `pictures` are the data set's, each id once. A file under the path and with
// the stamp (file_stamp.h) of the kept one is taken to be the same; else its
// content decides. So do the weights. Errors, before anything is changed:
// pictures without a file (all are named, up to max_messages), a damaged
// journal, too little space for what the pictures to be computed may give, and
// with `reuse` whatever differs.
absl::StatusOr<Plan> MakePlan(
    const data::CocoDataset& dataset,
    const std::vector<const data::CocoImage*>& pictures,
    const data::ClassMatch& classes, const PredictOptions& options);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_PREDICT_PLAN_H_
