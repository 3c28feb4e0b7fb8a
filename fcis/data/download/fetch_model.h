// The doors for programs that need a model: from the project's manifest, into
// the directory where models are kept.
#ifndef FCIS_DATA_DOWNLOAD_FETCH_MODEL_H_
#define FCIS_DATA_DOWNLOAD_FETCH_MODEL_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fcis/data/download/downloader.h"
#include "fcis/data/download/manifest.pb.h"

namespace fcis::data {

// The file of the model of that name or file name below `directory`, fetched if
// it is not there, with a bar and messages on stderr. Errors: NOT_FOUND for a
// name that the manifest does not know; else as Fetcher::Fetch, in one line
// where no network is there.
absl::StatusOr<std::string> FetchModel(absl::string_view name,
                                       const std::string& directory);

// How long nothing is tried after all default models have failed although a
// server was reached.
inline constexpr absl::Duration kDefaultModelPause = absl::Hours(1);

// For what nobody asked for: as TerminalOptions, but a source that breaks off
// has two tries, a connection that stalls ends after 10 seconds, and no server
// is waited for longer than 3. (Hosts that do not answer cost 5 seconds each
// and 12 in all, as everywhere.)
DownloadOptions DefaultModelOptions();

// The model that runs where none is named: the first of the manifest's
// default_choice items that arrives, verifies and that `opens` accepts. One
// that it refuses (INVALID_ARGUMENT, DATA_LOSS) is renamed to <file>.unusable,
// and not fetched again as long as that is there; any other error of `opens` is
// returned, and the file stays. Each failure is one line, "<host>: <cause>
// (<item>)": they are said when a later model is there, else they are the error
// (UNAVAILABLE). If any server was reached they are also kept in
// <directory>/default_model.failed, and for kDefaultModelPause returned from
// there, without a try. A full disk or a directory that cannot be written ends
// everything at once. One process at a time: the others get what it got.
absl::StatusOr<std::string> FetchDefaultModel(
    const DownloadManifest& manifest, const std::string& directory,
    const DownloadOptions& options,
    absl::FunctionRef<absl::Status(const std::string& path)> opens);

}  // namespace fcis::data

#endif  // FCIS_DATA_DOWNLOAD_FETCH_MODEL_H_
