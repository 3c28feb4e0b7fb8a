// Flags that belong to a run: a resume takes those that its command line does
// not give from the run's record.
#ifndef FCIS_TRAIN_MAIN_RUN_FLAGS_H_
#define FCIS_TRAIN_MAIN_RUN_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fcis/train/run/run_record.pb.h"

namespace fcis::train {

// Puts the values that the flags have now into the record; paths become
// absolute.
void RecordRunFlags(RunRecord* record);

// Gives the record's values to the flags that the command line did not give. A
// choice is taken as a whole: --data_dir on the command line leaves out the
// record's --ann_file, --config its --set, --gpu its --device. A run that holds
// pictures out has its parts in `directory`, wherever that is by now, and they
// stand for the file that they are of: a command line may be given once more.
// Error: a value that its flag does not take.
absl::Status RestoreRunFlags(const RunRecord& record,
                             const std::string& directory);

// Whether the run trains on its part of what `record` says it was held out of.
bool TrainsOnItsPart(const RunRecord& record, const std::string& directory);

// "--max_iters: 6 -> 12": a line for each flag that differs from the record.
std::vector<std::string> RunFlagDifferences(const RunRecord& record);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_RUN_FLAGS_H_
