// The door for programs that need a model: by name, from the project's
// manifest, into the directory where models are kept.
#ifndef FCIS_DATA_DOWNLOAD_FETCH_MODEL_H_
#define FCIS_DATA_DOWNLOAD_FETCH_MODEL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fcis {

// The file of the model of that name or file name ("": the default one) below
// `directory`, fetched if it is not there, with a bar and messages on stderr.
// Errors: NOT_FOUND for a name that the manifest does not know; else as
// Fetcher::Fetch, in one line where no network is there.
absl::StatusOr<std::string> FetchModel(absl::string_view name,
                                       const std::string& directory);

}  // namespace fcis

#endif  // FCIS_DATA_DOWNLOAD_FETCH_MODEL_H_
