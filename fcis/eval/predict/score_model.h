// Scoring a model on a data set in COCO's format, as the flags say.
#ifndef FCIS_EVAL_PREDICT_SCORE_MODEL_H_
#define FCIS_EVAL_PREDICT_SCORE_MODEL_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fcis/core/cli/main.h"

namespace fcis::eval {

// The program that does it: names, help, flags.
Program ScoreModelProgram();

// Names of the flags that say something about the model, how it runs and on
// which data; not those that scoring a file has too.
std::vector<std::string> ScoreModelFlagNames();

// Runs the model over the data set, one share of the pictures per process of
// the MPI job, scores what it finds and writes what the flags name
// (eval_flags.h, score_output.h). Errors: a UsageError when a flag makes no
// sense; those of ReadCocoDataset, ChooseModel, Predict and Evaluate.
absl::Status ScoreModel();

}  // namespace fcis::eval

#endif  // FCIS_EVAL_PREDICT_SCORE_MODEL_H_
