#include "fcis/kernels/cuda/nccl_sums.h"

#include <nccl.h>

#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/kernels/cuda/cuda_mark.h"
#include "fcis/kernels/cuda/status.h"

namespace fcis::kernels {
namespace cuda {
namespace {

class NcclSums : public AllReduce {
 public:
  NcclSums(cudaStream_t compute, DType type, absl::Duration timeout)
      : compute_(compute),
        type_(type == DType::kBF16 ? ncclBfloat16 : ncclFloat),
        timeout_(timeout) {}
  ~NcclSums() override {
    if (comm_ != nullptr) ncclCommDestroy(comm_);
    if (stream_ != nullptr) cudaStreamDestroy(stream_);
  }
  NcclSums(const NcclSums&) = delete;
  NcclSums& operator=(const NcclSums&) = delete;

  absl::Status Init(Communicator* job) {
    ncclUniqueId id = {};
    if (job->rank() == 0) {
      RETURN_IF_ERROR(Call(ncclGetUniqueId(&id), "unique id"));
    }
    ASSIGN_OR_RETURN(const std::string text,
                     job->Broadcast(std::string(id.internal, sizeof id)));
    if (text.size() != sizeof id) {
      return absl::InternalError("NCCL: the unique id was not received");
    }
    std::memcpy(&id, text.data(), sizeof id);
    RETURN_IF_ERROR(
        ToStatus(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking),
                 "new stream"));
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    // Calls return at once, so that a process that never comes is noticed.
    config.blocking = 0;
    RETURN_IF_ERROR(Call(
        ncclCommInitRankConfig(&comm_, job->size(), id, job->rank(), &config),
        "start"));
    return Settle("start");
  }

  absl::Status Start(void* values, int64_t n) override {
    RETURN_IF_ERROR(failed_);
    RETURN_IF_ERROR(computed_.Set(compute_));
    RETURN_IF_ERROR(computed_.HoldBack(stream_));
    RETURN_IF_ERROR(Call(ncclAllReduce(values, values, static_cast<size_t>(n),
                                       type_, ncclSum, comm_, stream_),
                         "sum"));
    return Settle("sum");
  }

  absl::Status Progress() override {
    RETURN_IF_ERROR(failed_);
    ncclResult_t state = ncclSuccess;
    return State(&state);
  }

  absl::Status Finish() override {
    RETURN_IF_ERROR(failed_);
    RETURN_IF_ERROR(summed_.Set(stream_));
    const absl::Time deadline = SteadyNow() + timeout_;
    while (true) {
      ASSIGN_OR_RETURN(const bool reached, summed_.Reached());
      if (reached) return absl::OkStatus();
      RETURN_IF_ERROR(Progress());
      RETURN_IF_ERROR(InTime(deadline, "sum"));
      std::this_thread::yield();
    }
  }

 private:
  absl::Status Call(ncclResult_t result, absl::string_view doing) {
    if (result == ncclSuccess || result == ncclInProgress) {
      return absl::OkStatus();
    }
    // The last error names the ranks that share a GPU, where they do.
    const std::string text =
        absl::StrCat("NCCL, ", doing, ": ", ncclGetErrorString(result), "; ",
                     ncclGetLastError(nullptr));
    return Fail(result == ncclInvalidUsage ? absl::FailedPreconditionError(text)
                                           : absl::InternalError(text));
  }

  // What NCCL's own threads ran into, here or in another process.
  absl::Status State(ncclResult_t* state) {
    const ncclResult_t asked = ncclCommGetAsyncError(comm_, state);
    RETURN_IF_ERROR(Call(asked, "state"));
    return Call(*state, "sums over GPUs");
  }

  // Until the last call has taken effect.
  absl::Status Settle(absl::string_view doing) {
    const absl::Time deadline = SteadyNow() + timeout_;
    while (true) {
      ncclResult_t state = ncclSuccess;
      RETURN_IF_ERROR(State(&state));
      if (state == ncclSuccess) return absl::OkStatus();
      RETURN_IF_ERROR(InTime(deadline, doing));
      std::this_thread::yield();
    }
  }

  absl::Status InTime(absl::Time deadline, absl::string_view doing) {
    if (SteadyNow() < deadline) return absl::OkStatus();
    return Fail(absl::DeadlineExceededError(absl::StrCat(
        "NCCL, ", doing, ": no progress for ", absl::FormatDuration(timeout_),
        "; another process has died or hangs")));
  }

  // Kernels that wait for other GPUs would never end by themselves.
  absl::Status Fail(absl::Status status) {
    failed_ = status;
    if (comm_ != nullptr) ncclCommAbort(comm_);
    comm_ = nullptr;
    return status;
  }

  const cudaStream_t compute_;
  const ncclDataType_t type_;
  const absl::Duration timeout_;
  cudaStream_t stream_ = nullptr;
  ncclComm_t comm_ = nullptr;
  CudaMark computed_, summed_;
  absl::Status failed_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AllReduce>> MakeNcclSums(
    Communicator* job, cudaStream_t compute, DType type,
    absl::Duration timeout) {
  auto sums = absl::make_unique<NcclSums>(compute, type, timeout);
  RETURN_IF_ERROR(sums->Init(job));
  return std::unique_ptr<AllReduce>(std::move(sums));
}

}  // namespace cuda
}  // namespace fcis::kernels
