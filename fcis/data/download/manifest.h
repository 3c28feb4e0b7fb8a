// The list of what can be downloaded (manifest.textproto beside this header,
// linked into the program).
#ifndef FCIS_DATA_DOWNLOAD_MANIFEST_H_
#define FCIS_DATA_DOWNLOAD_MANIFEST_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/data/download/manifest.pb.h"

namespace fcis::data {

// The project's own manifest.
const DownloadManifest& BuiltinManifest();

// A manifest in text form. `source` names it in errors, which give line and
// column, or the item and what was expected of it: names that are there once,
// files and directories without "..", http(s) addresses, hashes in hex.
absl::StatusOr<DownloadManifest> ParseManifest(absl::string_view text,
                                               absl::string_view source);

// The item of that name or file name; nullptr if there is none.
const DownloadItem* FindItem(const DownloadManifest& manifest,
                             absl::string_view name);

// The items behind a name of an item, a file or a group, each once, in the
// manifest's order. A UsageError for an unknown name, with the closest ones.
absl::StatusOr<std::vector<DownloadItem>> SelectItems(
    const DownloadManifest& manifest, DownloadItem::Kind kind,
    const std::vector<std::string>& names);

// The first item of that kind: of models, the default one. nullptr if there is
// none.
const DownloadItem* FirstItem(const DownloadManifest& manifest,
                              DownloadItem::Kind kind);

}  // namespace fcis::data

#endif  // FCIS_DATA_DOWNLOAD_MANIFEST_H_
