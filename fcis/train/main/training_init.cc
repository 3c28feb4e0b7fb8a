#include "fcis/train/main/training_init.h"

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
#include "fcis/core/io/file.h"
#include "fcis/model/embedded/embedded_model.h"
#include "fcis/model/weights/backbone_kind.h"
#include "fcis/model/weights/backbone_names.h"
#include "fcis/model/weights/import_backbone.h"
#include "fcis/model/weights/import_mxnet.h"
#include "fcis/model/weights/load.h"
#include "fcis/model/weights/weights_digest.h"
#include "fcis/train/init/initial_weights.h"

namespace fcis::train {
namespace {

constexpr char kScratch[] = "scratch";
constexpr char kEmbedded[] = "embedded";

std::string Some(const std::vector<std::string>& names) {
  constexpr size_t kMost = 5;
  std::vector<std::string> first(names.begin(),
                                 names.begin() + std::min(names.size(), kMost));
  if (first.size() < names.size()) {
    first.push_back(absl::StrCat("... (", names.size(), " in all)"));
  }
  return absl::StrJoin(first, ", ");
}

struct FileTensors {
  std::map<std::string, Tensor> tensors;  // under the model's names
  std::string note;                       // for the user; empty: nothing
  ClassRows classes;
};

FileTensors TensorsOf(model::Weights whole, const ModelConfig& model) {
  FileTensors file;
  file.classes = FitClassRows(whole.config, model, &whole.tensors);
  file.tensors = std::move(whole.tensors);
  file.note = std::move(whole.remark);
  return file;
}

absl::StatusOr<FileTensors> ReadFileTensors(const std::string& path,
                                            const ModelConfig& model) {
  ASSIGN_OR_RETURN(auto tensors, model::ReadTensors(path));
  if (model::BackboneNamingOf(tensors) != model::BackboneNaming::kNone) {
    ASSIGN_OR_RETURN(model::Backbone backbone,
                     model::ImportBackbone(tensors, model, path));
    return FileTensors{
        std::move(backbone.tensors), std::move(backbone.note), {}};
  }
  // A whole model, whatever its format and its number of classes.
  absl::StatusOr<model::Weights> whole = model::LoadWeights(path);
  if (whole.ok()) return TensorsOf(*std::move(whole), model);
  // Perhaps a part of one, under the model's names or MXNet's.
  FileTensors part;
  for (auto& [name, tensor] : tensors) {
    if (absl::StartsWith(name, model::kOptimizerPrefix)) continue;
    absl::string_view theirs = name;
    const bool mxnet = absl::ConsumePrefix(&theirs, "arg:") ||
                       absl::ConsumePrefix(&theirs, "aux:");
    const std::string ours =
        mxnet ? model::NameFromMxnet(std::string(theirs)) : "";
    part.tensors[ours.empty() ? name : ours] = std::move(tensor);
  }
  return part;
}

// Whether these are a ResNet's tensors under the model's names.
bool IsResNet(const std::map<std::string, Tensor>& tensors) {
  return tensors.count("extractor/res1/conv1/W") != 0 &&
         tensors.count("extractor/res2/res2_a/conv2/W") != 0;
}

// The names of some other network say more than those that it lacks.
absl::Status NoBackbone(const std::map<std::string, Tensor>& file,
                        const ModelConfig& model,
                        const std::vector<std::string>& needed,
                        const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : file) names.push_back(entry.first);
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": no backbone for ", model.name(), ": ", needed.size(),
      " tensors are missing or misshapen: ", Some(needed),
      IsResNet(file) ? "" : "; what it holds is no ResNet that is known here: ",
      IsResNet(file) ? "" : Some(names)));
}

absl::StatusOr<std::string> FindFile(
    absl::string_view init,
    const std::function<absl::StatusOr<std::string>(absl::string_view)>&
        fetch) {
  const std::string path = ResolvePath(init);
  if (FileExists(path)) return path;
  if (path == init) {  // A name is no absolute path.
    return absl::NotFoundError(absl::StrCat("--init ", init, ": no such file"));
  }
  absl::StatusOr<std::string> fetched =
      fetch ? fetch(init) : absl::NotFoundError("no such file");
  if (fetched.ok()) return fetched;
  // What is no name of a model cannot be fetched by hand either.
  const std::string by_hand =
      fetch && absl::IsNotFound(fetched.status())
          ? ""
          : absl::StrCat("\nTo fetch it:  ", CommandOf("//fcis/tools:download"),
                         " models ", init);
  return absl::Status(
      fetched.status().code(),
      absl::StrCat("--init ", init, ": ", fetched.status().message(),
                   "\nNor is there a file ", path, by_hand,
                   "\nTo train from random weights:  --init scratch"));
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
  std::string path;
  FileTensors file;
  if (init == kEmbedded) {
    ASSIGN_OR_RETURN(model::Weights embedded, model::EmbeddedModel());
    path = embedded.source;
    file = TensorsOf(std::move(embedded), model);
  } else {
    ASSIGN_OR_RETURN(path, FindFile(init, fetch));
    ASSIGN_OR_RETURN(file, ReadFileTensors(path, model));
  }
  if (IsResNet(file.tensors)) {
    RETURN_IF_ERROR(model::CheckBackboneKind(
        file.tensors, model::BackboneNaming::kNone, model, path));
  }
  const TakenOver taken = TakeOver(file.tensors, &result.weights);
  std::vector<std::string> needed;
  for (const std::string& name : taken.missing) {
    if (absl::StartsWith(name, model::kBackbonePrefix)) needed.push_back(name);
  }
  for (const std::string& name : taken.dropped) {
    if (absl::StartsWith(name, model::kBackbonePrefix)) needed.push_back(name);
  }
  if (!needed.empty()) return NoBackbone(file.tensors, model, needed, path);
  result.weights.source = path;
  model::Weights of_file;
  of_file.tensors = file.tensors;
  result.digest = model::WeightsDigest(of_file);
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
  add("classes that it has", file.classes.kept);
  add("new classes, from the mean of its own", file.classes.derived);
  if (!file.note.empty()) {
    absl::StrAppend(&result.statement, "\n  note: ", file.note);
  }
  return result;
}

}  // namespace fcis::train
