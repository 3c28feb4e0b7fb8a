// Several items after each other, for a person who watches.
#ifndef FCIS_DATA_DOWNLOAD_FETCH_ITEMS_H_
#define FCIS_DATA_DOWNLOAD_FETCH_ITEMS_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "fcis/data/download/fetcher.h"
#include "fcis/data/download/manifest.pb.h"

namespace fcis::data {

// Messages on stderr, and a bar.
DownloadOptions TerminalOptions();

// Fetches each; what no source delivers is made of other items of the manifest
// where it says how (else_split). An item that fails does not keep the next
// ones from being fetched. `done` is told the path of each that is there. The
// error names all that are not; one line where no server at all was reached.
absl::Status FetchItems(const DownloadManifest& manifest,
                        const std::vector<DownloadItem>& items,
                        Fetcher* fetcher,
                        absl::FunctionRef<void(const std::string&)> done);

}  // namespace fcis::data

#endif  // FCIS_DATA_DOWNLOAD_FETCH_ITEMS_H_
