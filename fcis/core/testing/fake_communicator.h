// For tests: one process of a job whose others do not exist. Each operation
// answers as in a job of one; a test overrides what its others should do.
#ifndef FCIS_CORE_TESTING_FAKE_COMMUNICATOR_H_
#define FCIS_CORE_TESTING_FAKE_COMMUNICATOR_H_

#include "fcis/core/comm/communicator.h"

namespace fcis {

class FakeCommunicator : public SelfCommunicator {
 public:
  FakeCommunicator(int rank, int size) : rank_(rank), size_(size) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }

 private:
  const int rank_, size_;
};

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_FAKE_COMMUNICATOR_H_
