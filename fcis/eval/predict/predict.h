// Runs a model over a data set and keeps what it finds, in COCO's results
// format.
#ifndef FCIS_EVAL_PREDICT_PREDICT_H_
#define FCIS_EVAL_PREDICT_PREDICT_H_

#include "absl/status/status.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/match_classes.h"
#include "fcis/eval/predict/picture_job.h"
#include "fcis/eval/predict/plan.h"

namespace fcis::eval {

// Shares the pictures among the processes of the job; returns in all of them
// when all are done. `classes` says which of the model's classes count, and as
// which categories. Rank 0 then has written results.json, in the data set's
// order and so the same for any number of processes.
//
// What an earlier call left in the directory is not computed again where it is
// good (plan.h); rank 0 says on stderr what is not, and progress is shown
// there. Pictures of another size than the data set's are named. Errors: in all
// processes, and before the first picture, the ranks that differ from rank 0 in
// the pictures, the weights, the settings or the categories; another process is
// at work in the directory; those of MakePlan; pictures that cannot be read,
// which are reported while the others are still done: the error says how many
// failed, and no results.json is written; a picture of which the directory
// holds nothing in the end.
absl::Status Predict(const data::CocoDataset& dataset,
                     const data::ClassMatch& classes,
                     const PredictOptions& options,
                     const DetectFunction& detect, Communicator& job);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_PREDICT_PREDICT_H_
