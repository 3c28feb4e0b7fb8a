#include "fcis/train/main/opened_run.h"

#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/config/text_proto.h"
#include "fcis/core/io/file.h"
#include "fcis/model/weights/load.h"
#include "fcis/train/config/recipes.h"
#include "fcis/train/trainer/run_state.h"

namespace fcis::train {
namespace {

absl::Status Open(const std::string& out, bool resume, OpenedRun* run) {
  RunDirectory::Options options;
  options.out = out;
  options.resume = resume;
  absl::StatusOr<std::unique_ptr<RunDirectory>> made =
      RunDirectory::Open(options);
  if (!made.ok()) {
    run->opened = made.status();
    const bool listed = !resume && ExitCode(made.status()) != kExitUsage;
    return listed ? absl::OkStatus() : made.status();
  }
  run->directory = *std::move(made);
  run->path = run->directory->path();
  return absl::OkStatus();
}

absl::Status ReadRun(OpenedRun* run) {
  ASSIGN_OR_RETURN(run->recipe,
                   Recipe(absl::StrCat(run->path, "/config.textproto")));
  absl::StatusOr<RunRecord> record = ReadRunRecord(run->path);
  if (record.ok()) {
    run->record = *std::move(record);
  } else if (!absl::IsNotFound(record.status())) {
    return record.status();
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> checkpoints,
                   ListCheckpoints(run->path));
  if (!checkpoints.empty()) {
    run->newest = CheckpointIteration(
        std::filesystem::path(checkpoints[0]).filename().string());
  }
  return absl::OkStatus();
}

// Rank 0's message, or none, in all processes.
template <typename Message>
absl::Status Share(std::optional<Message>* message, Communicator* job) {
  const bool has = message->has_value();
  ASSIGN_OR_RETURN(
      const std::string text,
      job->Broadcast(has ? absl::StrCat("1", (*message)->SerializeAsString())
                         : ""));
  if (text.empty() || job->rank() == 0) return absl::OkStatus();
  message->emplace();
  if ((*message)->ParseFromString(text.substr(1))) return absl::OkStatus();
  return absl::InternalError("rank 0 sent a damaged message");
}

}  // namespace

absl::StatusOr<OpenedRun> OpenRun(const std::string& out, bool resume,
                                  Communicator* job) {
  OpenedRun run;
  if (job->rank() == 0) {
    RETURN_IF_ERROR(Open(out, resume, &run));
    if (resume) {
      RETURN_IF_ERROR(ReadRun(&run));
    }
  }
  ASSIGN_OR_RETURN(run.path, job->Broadcast(run.path));
  RETURN_IF_ERROR(Share(&run.recipe, job));
  RETURN_IF_ERROR(Share(&run.record, job));
  double newest[] = {job->rank() == 0 ? static_cast<double>(run.newest) : 0};
  RETURN_IF_ERROR(job->Sum(absl::MakeSpan(newest)));
  run.newest = static_cast<int64_t>(newest[0]);
  return run;
}

absl::StatusOr<std::optional<FoundCheckpoint>> FindStart(
    const OpenedRun& run, const std::string& resume_from) {
  absl::StatusOr<FoundCheckpoint> found =
      FindCheckpoint(resume_from.empty() ? run.path : resume_from);
  if (found.ok()) return std::make_optional(*std::move(found));
  if (absl::IsNotFound(found.status()) && resume_from.empty()) {
    return std::optional<FoundCheckpoint>();
  }
  return found.status();
}

absl::Status CheckCheckpoint(const FoundCheckpoint& found,
                             const ModelConfig& model, uint64_t seed,
                             std::vector<std::string>* remarks) {
  const auto& state = found.checkpoint.state;
  std::vector<std::string> errors;
  const auto made_with = state.find(kSeedKey);
  if (made_with != state.end() && made_with->second != absl::StrCat(seed)) {
    errors.push_back(absl::StrCat("--seed: ", made_with->second, " -> ", seed));
  }
  const auto text = state.find(model::kModelConfigKey);
  if (text != state.end()) {
    ModelConfig before;
    RETURN_IF_ERROR(MergeTextProto(text->second, found.path, &before));
    for (std::string& line : FieldDifferences(before, model)) {
      const bool is_class = absl::StrContains(line, "classes[");
      (is_class ? errors : *remarks).push_back(std::move(line));
    }
  }
  if (errors.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      found.path, " was made with other classes or another seed:\n",
      absl::StrJoin(errors, "\n")));
}

bool IsFinished(const OpenedRun& run, int64_t iterations) {
  if (!run.record.has_value() || run.record->finished() == 0) return false;
  return run.record->finished() == run.newest && run.newest >= iterations &&
         FileExists(absl::StrCat(run.path, "/", kModelFile));
}

}  // namespace fcis::train
