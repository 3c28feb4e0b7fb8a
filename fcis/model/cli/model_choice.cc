#include "fcis/model/cli/model_choice.h"

#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/io/file.h"
#include "fcis/model/embedded/embedded_model.h"
#include "fcis/model/weights/load.h"

namespace fcis::model {
namespace {

namespace fs = std::filesystem;

// The names under which chainercv and chainer-fcis publish their models.
constexpr absl::string_view kPublished[] = {
    "fcis_resnet101_coco_trained_2019_01_30.npz",
    "fcis_resnet101_coco_converted_2019_01_30.npz",
    "fcis_coco.npz",
    "fcis_resnet101_sbd_trained_2018_06_22.npz",
    "fcis_resnet101_sbd_converted_2018_07_02.npz",
    "fcis_voc_trained.npz",
    "fcis_voc_converted.npz"};

// chainer-fcis keeps its files in a directory below.
std::vector<std::string> SearchedDirectories(const std::string& directory) {
  return {directory, absl::StrCat(directory, "/chainer")};
}

bool IsModelName(const std::string& name) {
  return absl::StartsWith(name, "fcis") &&
         (absl::EndsWith(name, ".safetensors") ||
          absl::EndsWith(name, ".npz") || absl::EndsWith(name, ".params"));
}

std::string FindAnyModel(const std::string& directory) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    if (IsModelName(it->path().filename().string())) {
      found.push_back(it->path().string());
    }
  }
  return found.empty() ? "" : *absl::c_min_element(found);
}

absl::StatusOr<ModelChoice> Load(const std::string& path,
                                 absl::string_view why) {
  ModelChoice choice;
  ASSIGN_OR_RETURN(choice.weights, LoadWeights(path));
  const std::string& remark = choice.weights.remark;
  choice.statement =
      absl::StrCat("model: ", path, why, remark.empty() ? "" : "\n", remark);
  return choice;
}

// `why`: what became of the download; "" if none was tried.
absl::StatusOr<ModelChoice> Embedded(absl::string_view why) {
  ModelChoice choice;
  ASSIGN_OR_RETURN(choice.weights, EmbeddedModel());
  const std::string classes = absl::StrJoin(
      choice.weights.config.classes(), ", ",
      [](std::string* out, const ClassConfig& c) { *out += c.name(); });
  choice.statement =
      absl::StrCat(why, why.empty() ? "" : "\n", "model: the embedded one (",
                   classes, "), for no model was named (-m FILE) and ",
                   ModelDirectory(), " holds none");
  return choice;
}

// A file, or the name of a model that can be fetched.
absl::StatusOr<ModelChoice> LoadNamed(absl::string_view modelpath,
                                      const ModelFetcher& fetch) {
  const std::string path = ResolvePath(modelpath);
  if (fetch == nullptr || FileExists(path)) return Load(path, "");
  const absl::StatusOr<std::string> fetched = fetch(modelpath);
  // No such name: it was meant as a file, maybe.
  if (absl::IsNotFound(fetched.status())) {
    const absl::Status status = Load(path, "").status();
    return absl::Status(
        status.code(),
        absl::StrCat(status.message(), "; ", fetched.status().message()));
  }
  RETURN_IF_ERROR(fetched.status());
  return Load(*fetched, "");
}

}  // namespace

std::string ModelDirectory() { return ResolvePath("~/data/models"); }

std::string FindModel(const std::string& directory) {
  for (absl::string_view name : kPublished) {
    for (const std::string& place : SearchedDirectories(directory)) {
      const std::string path = absl::StrCat(place, "/", name);
      if (FileExists(path)) return path;
    }
  }
  for (const std::string& place : SearchedDirectories(directory)) {
    const std::string path = FindAnyModel(place);
    if (!path.empty()) return path;
  }
  return "";
}

absl::StatusOr<ModelChoice> ChooseModel(
    absl::string_view modelpath, const ModelFetcher& fetch,
    const DefaultModelFetcher& fetch_default) {
  if (!modelpath.empty()) return LoadNamed(modelpath, fetch);
  const std::string found = FindModel(ModelDirectory());
  if (!found.empty()) return Load(found, " (found; -m chooses another)");
  if (fetch_default == nullptr) return Embedded("");
  ModelChoice choice;
  const absl::StatusOr<std::string> fetched =
      fetch_default([&choice](const std::string& path) -> absl::Status {
        ASSIGN_OR_RETURN(choice.weights, LoadWeights(path));
        return absl::OkStatus();
      });
  if (!fetched.ok()) return Embedded(fetched.status().message());
  choice.statement = absl::StrCat("model: ", *fetched, " (downloaded)");
  return choice;
}

}  // namespace fcis::model
