#include "fcis/train/main/training_init.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/paths.h"
#include "fcis/model/weights/import_backbone.h"
#include "fcis/model/weights/load.h"
#include "fcis/train/init/initial_weights.h"

namespace fcis {
namespace {

constexpr char kScratch[] = "scratch";
constexpr char kBackbonePrefix[] = "extractor/";

std::string Some(const std::vector<std::string>& names) {
  constexpr size_t kMost = 12;
  std::vector<std::string> first(names.begin(),
                                 names.begin() + std::min(names.size(), kMost));
  if (first.size() < names.size()) first.push_back("...");
  return absl::StrJoin(first, ", ");
}

struct FileTensors {
  std::map<std::string, Tensor> tensors;  // under the model's names
  std::string note;                       // for the user; empty: nothing
};

absl::StatusOr<FileTensors> ReadFileTensors(const std::string& path,
                                            const ModelConfig& model) {
  ASSIGN_OR_RETURN(auto tensors, ReadTensors(path));
  if (BackboneNamingOf(tensors) != BackboneNaming::kNone) {
    ASSIGN_OR_RETURN(Backbone backbone, ImportBackbone(tensors, model, path));
    return FileTensors{std::move(backbone.tensors), std::move(backbone.note)};
  }
  // A whole model, whatever its format and its number of classes.
  absl::StatusOr<Weights> whole = LoadWeights(path);
  if (whole.ok()) return FileTensors{std::move(whole->tensors), whole->remark};
  // Perhaps a part of one, under the model's names.
  FileTensors part;
  for (auto& entry : tensors) {
    if (absl::StartsWith(entry.first, kOptimizerPrefix)) continue;
    part.tensors.insert(std::move(entry));
  }
  return part;
}

absl::StatusOr<std::string> FindFile(
    absl::string_view init,
    const std::function<absl::StatusOr<std::string>(absl::string_view)>&
        fetch) {
  const std::string path = ResolvePath(init);
  if (access(path.c_str(), F_OK) == 0) return path;
  absl::StatusOr<std::string> fetched =
      fetch ? fetch(init) : absl::NotFoundError("no such file");
  if (fetched.ok()) return fetched;
  return absl::Status(
      fetched.status().code(),
      absl::StrCat("--init ", init, ": ", fetched.status().message(),
                   "\nTo fetch it:  bazel run //fcis/tools:download_main -- "
                   "models ",
                   init, "\nTo train from random weights:  --init scratch"));
}

}  // namespace

absl::StatusOr<TrainingInit> MakeTrainingInit(
    absl::string_view init, const ModelConfig& model, uint64_t seed,
    const std::function<absl::StatusOr<std::string>(absl::string_view name)>&
        fetch) {
  TrainingInit result;
  result.weights = ScratchWeights(
      model, seed, init == kScratch ? HeadInit::kHe : HeadInit::kReference);
  if (init == kScratch) {
    result.statement = absl::StrCat("weights: random, seed ", seed);
    return result;
  }
  ASSIGN_OR_RETURN(const std::string path, FindFile(init, fetch));
  ASSIGN_OR_RETURN(const FileTensors file, ReadFileTensors(path, model));
  const TakenOver taken = TakeOver(file.tensors, &result.weights);
  std::vector<std::string> needed;
  for (const std::string& name : taken.missing) {
    if (absl::StartsWith(name, kBackbonePrefix)) needed.push_back(name);
  }
  for (const std::string& name : taken.dropped) {
    if (absl::StartsWith(name, kBackbonePrefix)) needed.push_back(name);
  }
  if (!needed.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": no backbone for ", model.name(), ": ", needed.size(),
        " tensors are missing or misshapen: ", Some(needed)));
  }
  result.weights.source = path;
  result.statement =
      absl::StrCat("weights: ", taken.taken, " tensors of ", path);
  const auto add = [&](const char* what,
                       const std::vector<std::string>& names) {
    if (names.empty()) return;
    absl::StrAppend(&result.statement, "\n  ", what, ": ", Some(names));
  };
  add("dropped, of another shape", taken.dropped);
  add("dropped, not of this model", taken.unknown);
  add("random", taken.missing);
  if (!file.note.empty()) {
    absl::StrAppend(&result.statement, "\n  note: ", file.note);
  }
  return result;
}

}  // namespace fcis
