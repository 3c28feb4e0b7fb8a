// The processes that mpiexec started.
#ifndef FCIS_CORE_COMM_MPI_COMMUNICATOR_H_
#define FCIS_CORE_COMM_MPI_COMMUNICATOR_H_

#include <memory>

#include "absl/status/statusor.h"
#include "fcis/core/comm/communicator.h"

namespace fcis {

// Whether mpiexec (or a resource manager in its place) started this process.
bool StartedByMpi();

// Of all processes when StartedByMpi(), else of this one alone: MPI_Init, which
// takes a third of a second, is then not called. Once per process; MPI ends
// with the communicator.
absl::StatusOr<std::unique_ptr<Communicator>> MakeCommunicator();

}  // namespace fcis

#endif  // FCIS_CORE_COMM_MPI_COMMUNICATOR_H_
