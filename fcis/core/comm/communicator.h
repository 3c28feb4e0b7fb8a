// The processes of one job: who am I, and wait for the others.
#ifndef FCIS_CORE_COMM_COMMUNICATOR_H_
#define FCIS_CORE_COMM_COMMUNICATOR_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fcis {

class Communicator {
 public:
  virtual ~Communicator() = default;

  // 0 to size() - 1.
  virtual int rank() const = 0;
  virtual int size() const = 0;

  // Returns once every process has called it.
  virtual absl::Status Barrier() = 0;

  // The sum of the values of all processes, which all must call it.
  virtual absl::StatusOr<int> Sum(int value) = 0;

  // This process gives up: the job's end no longer waits for it, and when it
  // exits, mpiexec ends the others too.
  virtual void GiveUp() = 0;
};

// A job of one.
std::unique_ptr<Communicator> MakeSelfCommunicator();

}  // namespace fcis

#endif  // FCIS_CORE_COMM_COMMUNICATOR_H_
