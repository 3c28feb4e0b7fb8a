// SIGINT, SIGTERM and SIGUSR1 ask a long run to save and leave. (mpiexec passes
// SIGUSR1 on to every process.)
#ifndef FCIS_CORE_CLI_STOP_SIGNAL_H_
#define FCIS_CORE_CLI_STOP_SIGNAL_H_

#include "absl/strings/string_view.h"

namespace fcis {

// From now on these signals only raise a flag, which the run polls; a line on
// stderr says that they were heard, and what is done before the run leaves, if
// `what_next` ("saving after this iteration"; it must live on) is not null. A
// second SIGINT ends the process at once. Processes of one job hear a signal at
// different moments: they must agree (sum their flags) before one of them
// leaves.
void InstallStopSignals(const char* what_next);

// Whether one of them has come.
bool StopRequested();

// "SIGTERM"; "" while none has come.
absl::string_view StopSignalName();

}  // namespace fcis

#endif  // FCIS_CORE_CLI_STOP_SIGNAL_H_
