// Runs a model over a data set and keeps what it finds, in COCO's results
// format.
#ifndef FCIS_EVAL_PREDICT_PREDICT_H_
#define FCIS_EVAL_PREDICT_PREDICT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/image/image.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/model/detection.h"

namespace fcis {

struct PredictOptions {
  std::string image_dir;  // the data set's "file_name"s lie here
  // Exists, and is the same for all processes of the job; gets journals
  // (journal.h) and, when all pictures are done, results.json.
  std::string directory;
  // Says what the detections are of. A directory with journals of another key
  // is refused; with this key, what is in them is not computed again.
  std::string key;
  // Pixels of at least this probability belong to an instance (paste.h).
  float paste_threshold = 0;
  int64_t max_pixels = kDefaultMaxPixels;
};

// Detector::Detect, with the post-processing values chosen.
using DetectPicture =
    std::function<absl::StatusOr<std::vector<Detection>>(const Image& image)>;

// The data set's category of each class of the model: of the same name, else of
// the same id. Errors: the data set has none of them; a class that it lacks is
// left out (no category) and not detected.
struct ClassCategory {
  bool known = false;
  RecordId category;
};
absl::StatusOr<std::vector<ClassCategory>> MatchCategories(
    const ModelConfig& config, const CocoDataset& dataset);

// Shares the pictures among the processes of the job; returns in all of them
// when all are done. Rank 0 then has written results.json, in the data set's
// order and so the same for any number of processes. Shows progress. Pictures
// that cannot be read or have no "file_name" are reported, the others still
// done, and the error says how many failed; no results.json is written then.
absl::Status Predict(const CocoDataset& dataset, const ModelConfig& config,
                     const PredictOptions& options, const DetectPicture& detect,
                     Communicator& job);

// Where Predict writes.
std::string ResultsPath(const PredictOptions& options);

}  // namespace fcis

#endif  // FCIS_EVAL_PREDICT_PREDICT_H_
