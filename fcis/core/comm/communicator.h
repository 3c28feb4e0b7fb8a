// The processes of one job: who am I, wait for the others, add up numbers.
#ifndef FCIS_CORE_COMM_COMMUNICATOR_H_
#define FCIS_CORE_COMM_COMMUNICATOR_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/comm/all_reduce.h"

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

  // The same for each of the values, in place.
  virtual absl::Status Sum(absl::Span<double> values) = 0;

  // Rank 0's text, in all processes.
  virtual absl::StatusOr<std::string> Broadcast(std::string text) = 0;

  // Sums of f32 arrays in the host's memory, which the communicator outlives.
  virtual std::unique_ptr<AllReduce> MakeAllReduce() = 0;

  // This process gives up: the job's end no longer waits for it, and when it
  // exits, mpiexec ends the others too.
  virtual void GiveUp() = 0;
};

// A job of one: all is done as soon as it is asked for.
class SelfCommunicator : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  absl::Status Barrier() override { return absl::OkStatus(); }
  absl::StatusOr<int> Sum(int value) override { return value; }
  absl::Status Sum(absl::Span<double>) override { return absl::OkStatus(); }
  absl::StatusOr<std::string> Broadcast(std::string text) override {
    return text;
  }
  std::unique_ptr<AllReduce> MakeAllReduce() override;
  void GiveUp() override {}
};

std::unique_ptr<Communicator> MakeSelfCommunicator();

}  // namespace fcis

#endif  // FCIS_CORE_COMM_COMMUNICATOR_H_
