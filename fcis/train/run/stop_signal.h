// SIGINT, SIGTERM and SIGUSR1 ask a long run to save and leave. (mpiexec passes
// SIGUSR1 on to every process.)
#ifndef FCIS_TRAIN_RUN_STOP_SIGNAL_H_
#define FCIS_TRAIN_RUN_STOP_SIGNAL_H_

#include "absl/strings/string_view.h"

namespace fcis::train {

// From now on these signals only raise a flag, which the run polls; a line on
// stderr says that they were heard, if `say_so`. A second SIGINT ends the
// process at once. Processes of one job hear a signal at different moments:
// they must agree (sum their flags) before one of them leaves.
void InstallStopSignals(bool say_so);

// Whether one of them has come.
bool StopRequested();

// "SIGTERM"; "" while none has come.
absl::string_view StopSignalName();

}  // namespace fcis::train

#endif  // FCIS_TRAIN_RUN_STOP_SIGNAL_H_
