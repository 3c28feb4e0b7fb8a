// What is wrong with a command, collected so that it is told at once.
#ifndef FCIS_TRAIN_MAIN_FAULTS_H_
#define FCIS_TRAIN_MAIN_FAULTS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/base/within.h"
#include "fcis/core/comm/communicator.h"

namespace fcis::train {

class Faults {
 public:
  // OK adds nothing.
  void Add(const absl::Status& status) {
    if (!status.ok()) faults_.push_back(status);
  }

  bool empty() const { return faults_.empty(); }

  // OK without any, the fault itself if it is the only one, else an error that
  // lists all of them under `heading`.
  absl::Status status(absl::string_view heading) const {
    if (faults_.empty()) return absl::OkStatus();
    if (faults_.size() == 1) return faults_[0];
    std::string text = absl::StrCat(faults_.size(), " ", heading, ":");
    for (const absl::Status& fault : faults_) {
      absl::StrAppend(&text, "\n- ",
                      absl::StrReplaceAll(fault.message(), {{"\n", "\n  "}}));
    }
    return absl::InvalidArgumentError(text);
  }

 private:
  std::vector<absl::Status> faults_;
};

// All processes call it with what each found. Returns OK when all are well.
// Rank 0's error is returned by rank 0 alone, so that what all have found is
// told once; without one, each process that has an error returns it with its
// rank. The others wait: the end of those that return ends them (GiveUp).
// `abandon`, given by all or none, is called in all processes before the first
// of those that have an error returns.
inline absl::Status ToldOnce(const absl::Status& mine, Communicator* job,
                             const std::function<void()>& abandon = nullptr) {
  const bool first = job->rank() == 0;
  double failed[] = {first && !mine.ok() ? 1.0 : 0, mine.ok() ? 0.0 : 1};
  const absl::Status summed = job->Sum(absl::MakeSpan(failed));
  if (!summed.ok()) return summed;
  if (failed[1] == 0) return absl::OkStatus();
  if (abandon != nullptr) {
    abandon();
    job->Barrier().IgnoreError();
  }
  if (!mine.ok() && first) return mine;
  if (!mine.ok() && failed[0] == 0) {
    return Within(absl::StrCat("rank ", job->rank()), mine);
  }
  job->Barrier().IgnoreError();
  return absl::AbortedError("another process has ended");
}

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_FAULTS_H_
