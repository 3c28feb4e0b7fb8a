#include "fcis/train/trainer/run_recorder.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "fcis/core/base/peak_memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/io/file.h"
#include "fcis/model/weights/load.h"
#include "fcis/train/run/loss_chart.h"

namespace fcis::train {
namespace {

// A point of the chart is a few of its pixels wide.
constexpr size_t kChartRows = 100;

using Values = std::vector<std::pair<std::string, double>>;

// The columns of the terminal's table.
Values Shown(const IterationNumbers& numbers) {
  Values values = {{"epoch", numbers.epoch},
                   {"lr", numbers.learning_rate},
                   {"loss", numbers.terms.sum()}};
  for (const LossColumn& column : LossColumns()) {
    if (IsLack(column)) continue;
    values.emplace_back(column.name, numbers.terms[column.number]);
  }
  const UpdateNumbers& update = numbers.update;
  if (update.gradient_norm.has_value()) {
    values.emplace_back("gradient_norm", *update.gradient_norm);
  }
  if (update.loss_scale.has_value()) {
    values.emplace_back("loss_scale", *update.loss_scale);
    values.emplace_back("left_out", update.left_out ? 1 : 0);
  }
  return values;
}

// What the log has beside them.
void AddUnshown(const IterationNumbers& numbers, Values* values) {
  values->emplace_back("images_per_s", static_cast<double>(numbers.pictures) /
                                           absl::ToDoubleSeconds(numbers.took));
  values->emplace_back("data_wait_s",
                       absl::ToDoubleSeconds(numbers.waited_for_data));
  values->emplace_back("peak_memory_mb",
                       static_cast<double>(PeakResidentBytes()) / 1e6);
  for (const LossColumn& column : LossColumns()) {
    if (!IsLack(column)) continue;
    values->emplace_back(column.name, numbers.terms[column.number]);
  }
}

}  // namespace

RunRecorder::RunRecorder(std::string path, RunDirectory* directory,
                         RunRecord record)
    : path_(std::move(path)),
      directory_(directory),
      record_(std::move(record)),
      logged_(path_ + "/log.jsonl", kChartRows) {}

void RunRecorder::Say(const std::string& line) {
  if (directory_ == nullptr) return;
  if (console_ != nullptr) {
    console_->Print(line);
    return;
  }
  PrintLine(stdout, line);
  std::fflush(stdout);
}

absl::Status RunRecorder::Start(RunStart start, int64_t iterations) {
  if (directory_ == nullptr) return absl::OkStatus();
  const int64_t done = start.iteration;
  if (record_.finished() > done) {  // From here on it is another model.
    record_.set_finished(0);
    RETURN_IF_ERROR(SetAside(absl::StrCat(path_, "/", kModelFile)));
  }
  start.record = record_;
  start.iterations = iterations;
  RETURN_IF_ERROR(directory_->RecordStart(start));
  RETURN_IF_ERROR(SetAsideNewer(path_, done).status());
  ASSIGN_OR_RETURN(const std::string aside,
                   SetAsideBest(path_, done, record_.validation()));
  if (!aside.empty()) Say(aside);
  ASSIGN_OR_RETURN(log_, EventLog::Open(path_, done));
  began_ = SteadyNow();
  console_ = std::make_unique<TrainConsole>(
      TrainConsole::ForTerminal(iterations, done));
  return absl::OkStatus();
}

absl::Status RunRecorder::Iteration(const IterationNumbers& numbers) {
  if (directory_ == nullptr) return absl::OkStatus();
  Values values = Shown(numbers);
  const size_t shown = values.size();
  AddUnshown(numbers, &values);
  values.emplace_back("elapsed_s", absl::ToDoubleSeconds(SteadyNow() - began_));
  RETURN_IF_ERROR(log_->Write(numbers.iteration, values));
  values.resize(shown);
  console_->Iteration(numbers.iteration, values, numbers.pictures,
                      numbers.waited_for_data);
  return absl::OkStatus();
}

absl::Status RunRecorder::Keep(const Checkpoint& checkpoint, int keep) {
  if (directory_ == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(log_->Sync());
  RETURN_IF_ERROR(WriteCheckpoint(path_, checkpoint).status());
  RETURN_IF_ERROR(PruneCheckpoints(path_, keep));
  return WriteLossChart();
}

absl::Status RunRecorder::Validation(int64_t iteration,
                                     const ValidationScore& score) {
  if (directory_ == nullptr) return absl::OkStatus();
  Say(absl::StrFormat("validation after iteration %d: AP %.3f, AP50 %.3f",
                      iteration, score.ap, score.ap50));
  RETURN_IF_ERROR(log_->Write(iteration, {{"validation_ap", score.ap},
                                          {"validation_ap50", score.ap50}}));
  RETURN_IF_ERROR(WriteLossChart());
  BestCheckpoint candidate;
  candidate.iteration = iteration;
  candidate.ap = score.ap;
  candidate.validation = record_.validation();
  ASSIGN_OR_RETURN(const bool best, KeepIfBest(path_, candidate));
  if (best) Say("  the best so far");
  return absl::OkStatus();
}

absl::Status RunRecorder::WriteLossChart() {
  RETURN_IF_ERROR(logged_.Update());
  return WriteFileAtomic(path_ + "/losses.svg", LossChart(logged_.table()));
}

absl::StatusOr<model::Weights> RunRecorder::BestWeights(
    const ModelConfig& config) const {
  const std::string path = absl::StrCat(path_, "/", kBestCheckpoint);
  // A damaged one must not become the model.
  RETURN_IF_ERROR(ReadCheckpoint(path).status());
  return model::LoadWeights(path, config);
}

absl::Status RunRecorder::Finish(const model::Weights& model,
                                 int64_t iterations) {
  if (directory_ == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(
      model::SaveWeights(absl::StrCat(path_, "/", kModelFile), model));
  record_.set_finished(iterations);
  return WriteRunRecord(path_, record_);
}

}  // namespace fcis::train
