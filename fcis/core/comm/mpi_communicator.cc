#include "fcis/core/comm/mpi_communicator.h"

#include <mpi.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/paths.h"

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

// Each process adds up its part of an array and hands the sums out. For two
// processes the sums of MPI_Iallreduce are all made by the first one, in memory
// that it allocates each time.
class MpiAllReduce : public AllReduce {
 public:
  MpiAllReduce(int rank, int size) : rank_(rank), size_(size) {}

  absl::Status Start(void* values, int64_t n) override {
    Sum& sum = under_way_.emplace_back();
    sum.values = static_cast<float*>(values);
    sum.n = n;
    sum.tag = next_tag_;
    next_tag_ += 2;
    if (!spare_.empty()) {
      sum.theirs = std::move(spare_.back());
      spare_.pop_back();
    }
    const int64_t own = Begin(sum, rank_ + 1) - Begin(sum, rank_);
    sum.theirs.resize(static_cast<size_t>(own * size_));
    for (int other = 0; other < size_; ++other) {
      if (other == rank_) continue;
      RETURN_IF_ERROR(
          Receive(sum.theirs.data() + own * other, own, other, sum.tag, &sum));
    }
    for (int other = 0; other < size_; ++other) {
      if (other != rank_) RETURN_IF_ERROR(Send(other, other, sum.tag, &sum));
    }
    return absl::OkStatus();
  }

  absl::Status Progress() override {
    for (Sum& sum : under_way_) {
      int done = 0;
      RETURN_IF_ERROR(
          MpiStatus("MPI_Testall",
                    MPI_Testall(Count(sum.requests.size()), sum.requests.data(),
                                &done, MPI_STATUSES_IGNORE)));
      if (done != 0 && !sum.added) RETURN_IF_ERROR(HandOut(&sum));
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    absl::Status status;
    for (Sum& sum : under_way_) {
      status.Update(Wait(&sum));
      if (!sum.added) {
        status.Update(HandOut(&sum));
        status.Update(Wait(&sum));
      }
      spare_.push_back(std::move(sum.theirs));
    }
    under_way_.clear();
    next_tag_ = 0;
    return status;
  }

 private:
  struct Sum {
    float* values;
    int64_t n;
    int tag;                    // and the next one
    bool added = false;         // the own part; the sums are on their way
    std::vector<float> theirs;  // the own part of each process
    std::vector<MPI_Request> requests;
  };

  // Of the part that a process adds up.
  int64_t Begin(const Sum& sum, int rank) const { return sum.n * rank / size_; }

  static absl::Status Receive(float* to, int64_t n, int from, int tag,
                              Sum* sum) {
    sum->requests.push_back(MPI_REQUEST_NULL);
    return MpiStatus("MPI_Irecv",
                     MPI_Irecv(to, Count(n), MPI_FLOAT, from, tag,
                               MPI_COMM_WORLD, &sum->requests.back()));
  }
  absl::Status Send(int part, int to, int tag, Sum* sum) const {
    const int64_t begin = Begin(*sum, part);
    sum->requests.push_back(MPI_REQUEST_NULL);
    return MpiStatus(
        "MPI_Isend",
        MPI_Isend(sum->values + begin, Count(Begin(*sum, part + 1) - begin),
                  MPI_FLOAT, to, tag, MPI_COMM_WORLD, &sum->requests.back()));
  }
  static absl::Status Wait(Sum* sum) {
    return MpiStatus("MPI_Waitall",
                     MPI_Waitall(Count(sum->requests.size()),
                                 sum->requests.data(), MPI_STATUSES_IGNORE));
  }

  // Adds in the order of the ranks, so that nothing depends on who comes first.
  void AddOwnPart(Sum* sum) const {
    const int64_t begin = Begin(*sum, rank_);
    const int64_t n = Begin(*sum, rank_ + 1) - begin;
    float* const values = sum->values + begin;
    constexpr int64_t kBlock = 4096;  // stays in the L1 cache
    for (int64_t i = 0; i < n; i += kBlock) {
      const int64_t end = std::min(n, i + kBlock);
      float* const own = sum->theirs.data() + n * rank_;
      std::copy(values + i, values + end, own + i);
      std::copy_n(sum->theirs.data() + i, end - i, values + i);
      for (int other = 1; other < size_; ++other) {
        const float* const theirs = sum->theirs.data() + n * other;
        for (int64_t k = i; k < end; ++k) values[k] += theirs[k];
      }
    }
  }

  absl::Status HandOut(Sum* sum) {
    AddOwnPart(sum);
    sum->added = true;
    sum->requests.clear();
    for (int other = 0; other < size_; ++other) {
      if (other == rank_) continue;
      const int64_t begin = Begin(*sum, other);
      RETURN_IF_ERROR(Receive(sum->values + begin,
                              Begin(*sum, other + 1) - begin, other,
                              sum->tag + 1, sum));
      RETURN_IF_ERROR(Send(rank_, other, sum->tag + 1, sum));
    }
    return absl::OkStatus();
  }

  const int rank_, size_;
  int next_tag_ = 0;
  std::deque<Sum> under_way_;              // in the order of all processes
  std::vector<std::vector<float>> spare_;  // memory of earlier sums
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
    return std::make_unique<MpiAllReduce>(rank_, size_);
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
  // An installed program has an Open MPI of its own, whose plugins it loads
  // whatever mpiexec started it.
  const absl::StatusOr<std::string> own = FindInstalled("lib/fcis/openmpi");
  if (own.ok()) setenv("OPAL_PREFIX", own->c_str(), 1);
  // Only the thread that made the communicator uses it.
  int provided = 0;
  RETURN_IF_ERROR(MpiStatus(
      "MPI_Init_thread",
      MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided)));
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  return std::unique_ptr<Communicator>(new MpiCommunicator);
}

}  // namespace fcis
