// What is left to do when a rank of several machines has ended by itself:
// mpiexec that cannot reach one of them would wait for it for ever.
#ifndef FCIS_TRAIN_RUN_END_LAUNCHER_H_
#define FCIS_TRAIN_RUN_END_LAUNCHER_H_

#include "absl/time/time.h"

namespace fcis::train {

// Where Open MPI's mpiexec or its daemon on this machine is this process's
// parent, leaves a process behind that ends it if it is still there after
// `grace`: asked to first, killed five seconds later. Nothing otherwise. May
// be called while other threads hang.
void EndLauncherAfter(absl::Duration grace);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_RUN_END_LAUNCHER_H_
