#include "fcis/data/download/fetch_model.h"

#include "absl/strings/str_cat.h"
#include "fcis/data/download/fetch_items.h"
#include "fcis/data/download/fetcher.h"
#include "fcis/data/download/manifest.h"

namespace fcis {

absl::StatusOr<std::string> FetchModel(absl::string_view name,
                                       const std::string& directory) {
  const DownloadManifest& manifest = BuiltinManifest();
  const DownloadItem* item = name.empty()
                                 ? FirstItem(manifest, DownloadItem::MODEL)
                                 : FindItem(manifest, name);
  if (item == nullptr || item->kind() != DownloadItem::MODEL) {
    return absl::NotFoundError(
        absl::StrCat("no model to download is called ", name));
  }
  Fetcher fetcher(directory, TerminalOptions());
  const absl::Status status =
      FetchItems(manifest, {*item}, &fetcher, [](auto) {});
  if (!status.ok()) return status;
  return fetcher.PathOf(*item);
}

}  // namespace fcis
