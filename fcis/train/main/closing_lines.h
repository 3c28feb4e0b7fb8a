// What a training says last: what to do with what it leaves.
#ifndef FCIS_TRAIN_MAIN_CLOSING_LINES_H_
#define FCIS_TRAIN_MAIN_CLOSING_LINES_H_

#include <string>

namespace fcis::train {

// A finished run. Paths are absolute; "": there is none.
struct FinishedRun {
  std::string model;
  std::string val_ann_file, val_image_dir, map_classes;
  std::string picture;       // predictions beside truth
  double score_thresh = -1;  // that they were drawn with; -1: the demo's own
};

// Lines with the model's path and the commands that use and score it, which a
// shell takes as they are.
std::string WhatToDoNext(const FinishedRun& run);

// A line with the command that goes on with the run in the directory, with as
// many processes.
std::string HowToGoOn(const std::string& directory, int processes);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_CLOSING_LINES_H_
