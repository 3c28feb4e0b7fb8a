// The flag --download of programs that run a model.
#ifndef FCIS_DATA_DOWNLOAD_DOWNLOAD_FLAG_H_
#define FCIS_DATA_DOWNLOAD_DOWNLOAD_FLAG_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fcis::data {

// FetchModel into `directory`; nullptr under --nodownload.
std::function<absl::StatusOr<std::string>(absl::string_view name)>
ModelFetcherFromFlags(const std::string& directory);

// FetchDefaultModel of the project's manifest into `directory`; nullptr under
// --nodownload.
std::function<absl::StatusOr<std::string>(
    const std::function<absl::Status(const std::string& path)>& opens)>
DefaultModelFetcherFromFlags(const std::string& directory);

}  // namespace fcis::data

#endif  // FCIS_DATA_DOWNLOAD_DOWNLOAD_FLAG_H_
