#include "fcis/data/download/download_flag.h"

#include "absl/flags/flag.h"
#include "fcis/data/download/fetch_model.h"
#include "fcis/data/download/manifest.h"

ABSL_FLAG(bool, download, true,
          "Fetch a published model that is not there: the one whose name is "
          "given instead of a file, or, where none is, the first of the COCO "
          "models that can be had.");

namespace fcis::data {

std::function<absl::StatusOr<std::string>(absl::string_view name)>
ModelFetcherFromFlags(const std::string& directory) {
  if (!absl::GetFlag(FLAGS_download)) return nullptr;
  return [directory](absl::string_view name) {
    return FetchModel(name, directory);
  };
}

std::function<absl::StatusOr<std::string>(
    const std::function<absl::Status(const std::string& path)>& opens)>
DefaultModelFetcherFromFlags(const std::string& directory) {
  if (!absl::GetFlag(FLAGS_download)) return nullptr;
  return [directory](
             const std::function<absl::Status(const std::string&)>& opens) {
    return FetchDefaultModel(BuiltinManifest(), directory,
                             DefaultModelOptions(), opens);
  };
}

}  // namespace fcis::data
