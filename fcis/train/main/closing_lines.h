// What a training says last: what to do with what it leaves.
#ifndef FCIS_TRAIN_MAIN_CLOSING_LINES_H_
#define FCIS_TRAIN_MAIN_CLOSING_LINES_H_

#include <string>

#include "fcis/train/main/validator.h"

namespace fcis::train {

// Lines of a finished run with the model's path, which is absolute, and the
// commands that use it and, where there is a validation set (--val_ann_file),
// score it; a shell takes them as they are. `report`: of the model.
std::string WhatToDoNext(const std::string& model,
                         const ValidationReport& report);

// A line with the command that goes on with the run in the directory, with as
// many processes.
std::string HowToGoOn(const std::string& directory, int processes);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_CLOSING_LINES_H_
