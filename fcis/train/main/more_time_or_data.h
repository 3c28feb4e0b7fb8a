// What would make a finished run's model better, by its own record.
#ifndef FCIS_TRAIN_MAIN_MORE_TIME_OR_DATA_H_
#define FCIS_TRAIN_MAIN_MORE_TIME_OR_DATA_H_

#include <string>

namespace fcis::train {

// A line about the run in `directory` that says whether more time, more
// photographs or neither would help, with the numbers that it follows from. The
// validations are cut into three parts of equal length. AP still rises, and
// time helps, where the mean of the last part is above that of the middle one
// by more than 3 % of the best AP. Else it has settled; then it is data that
// lack where the mean loss fell by more than 5 % from the iterations of the
// middle part to those of the last. "": there are fewer than six validations,
// nothing was learnt (AP below 0.01), or log.jsonl cannot be read.
std::string MoreTimeOrMoreData(const std::string& directory);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_MORE_TIME_OR_DATA_H_
