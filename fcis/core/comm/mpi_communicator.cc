#include "fcis/core/comm/mpi_communicator.h"

#include <mpi.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"

namespace fcis {
namespace {

absl::Status MpiStatus(const char* call, int code) {
  if (code == MPI_SUCCESS) return absl::OkStatus();
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  return absl::UnavailableError(
      absl::StrCat(call, ": ", std::string(text, static_cast<size_t>(length))));
}

// MPI counts in int; callers keep their arrays below 2^31 elements.
int Count(size_t n) { return static_cast<int>(n); }

class MpiAllReduce : public AllReduce {
 public:
  absl::Status Start(void* values, int64_t n) override {
    requests_.push_back(MPI_REQUEST_NULL);
    return MpiStatus(
        "MPI_Iallreduce",
        MPI_Iallreduce(MPI_IN_PLACE, values, Count(n), MPI_FLOAT, MPI_SUM,
                       MPI_COMM_WORLD, &requests_.back()));
  }

  absl::Status Progress() override {
    if (requests_.empty()) return absl::OkStatus();
    int done = 0;
    return MpiStatus("MPI_Testall",
                     MPI_Testall(Count(requests_.size()), requests_.data(),
                                 &done, MPI_STATUSES_IGNORE));
  }

  absl::Status Finish() override {
    const int code = MPI_Waitall(Count(requests_.size()), requests_.data(),
                                 MPI_STATUSES_IGNORE);
    requests_.clear();
    return MpiStatus("MPI_Waitall", code);
  }

 private:
  std::vector<MPI_Request> requests_;  // of sums under way
};

class MpiCommunicator : public Communicator {
 public:
  MpiCommunicator() {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
  }
  ~MpiCommunicator() override {
    if (!gave_up_) MPI_Finalize();
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  absl::Status Barrier() override {
    return MpiStatus("MPI_Barrier", MPI_Barrier(MPI_COMM_WORLD));
  }

  absl::StatusOr<int> Sum(int value) override {
    int sum = value;
    RETURN_IF_ERROR(MpiStatus(
        "MPI_Allreduce",
        MPI_Allreduce(&value, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD)));
    return sum;
  }

  absl::Status Sum(absl::Span<double> values) override {
    return MpiStatus(
        "MPI_Allreduce",
        MPI_Allreduce(MPI_IN_PLACE, values.data(), Count(values.size()),
                      MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD));
  }

  absl::StatusOr<std::string> Broadcast(std::string text) override {
    uint64_t size = text.size();
    RETURN_IF_ERROR(MpiStatus(
        "MPI_Bcast", MPI_Bcast(&size, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD)));
    text.resize(size);
    RETURN_IF_ERROR(MpiStatus(
        "MPI_Bcast",
        MPI_Bcast(&text[0], Count(size), MPI_CHAR, 0, MPI_COMM_WORLD)));
    return text;
  }

  std::unique_ptr<AllReduce> MakeAllReduce() override {
    return std::make_unique<MpiAllReduce>();
  }

  void GiveUp() override { gave_up_ = true; }

 private:
  int rank_ = 0, size_ = 1;
  bool gave_up_ = false;
};

}  // namespace

bool StartedByMpi() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr ||
         std::getenv("PMIX_RANK") != nullptr;
}

absl::StatusOr<std::unique_ptr<Communicator>> MakeCommunicator() {
  if (!StartedByMpi()) return MakeSelfCommunicator();
  // Only the thread that made the communicator uses it.
  int provided = 0;
  RETURN_IF_ERROR(MpiStatus(
      "MPI_Init_thread",
      MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided)));
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  return std::unique_ptr<Communicator>(new MpiCommunicator);
}

}  // namespace fcis
