// The losses of a run and its validations as a picture that any browser shows.
#ifndef FCIS_TRAIN_RUN_LOSS_CHART_H_
#define FCIS_TRAIN_RUN_LOSS_CHART_H_

#include <string>

#include "fcis/train/run/log_table.h"

namespace fcis::train {

// A stand-alone SVG: every column whose name ends in "loss", by the table's
// rows, on a logarithmic axis; AP and AP50 of the validations on an axis from 0
// to 1 at the right. Losses of 0 are left out; without a row the chart is
// empty.
std::string LossChart(const LogTable& table);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_RUN_LOSS_CHART_H_
