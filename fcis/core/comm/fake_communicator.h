// For tests: one process of a job whose others do not exist. Each operation
// answers as in a job of one; a test overrides what its others should do.
#ifndef FCIS_CORE_COMM_FAKE_COMMUNICATOR_H_
#define FCIS_CORE_COMM_FAKE_COMMUNICATOR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/comm/communicator.h"

namespace fcis {

class FakeCommunicator : public Communicator {
 public:
  FakeCommunicator(int rank, int size) : rank_(rank), size_(size) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  absl::Status Barrier() override { return absl::OkStatus(); }
  absl::StatusOr<int> Sum(int value) override { return value; }
  absl::Status Sum(absl::Span<double>) override { return absl::OkStatus(); }
  absl::StatusOr<std::string> Broadcast(std::string text) override {
    return text;
  }
  absl::Status StartSum(absl::Span<float>) override { return absl::OkStatus(); }
  absl::Status ProgressSums() override { return absl::OkStatus(); }
  absl::Status FinishSums() override { return absl::OkStatus(); }
  void GiveUp() override {}

 private:
  const int rank_, size_;
};

}  // namespace fcis

#endif  // FCIS_CORE_COMM_FAKE_COMMUNICATOR_H_
