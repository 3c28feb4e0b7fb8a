#include "fcis/data/download/download_flag.h"

#include "absl/flags/flag.h"
#include "fcis/data/download/fetch_model.h"

ABSL_FLAG(bool, download, true,
          "Fetch a published model that is not there: the default one, or the "
          "one whose name is given instead of a file.");

namespace fcis {

std::function<absl::StatusOr<std::string>(absl::string_view name)>
ModelFetcherFromFlags(const std::string& directory) {
  if (!absl::GetFlag(FLAGS_download)) return nullptr;
  return [directory](absl::string_view name) {
    return FetchModel(name, directory);
  };
}

}  // namespace fcis
