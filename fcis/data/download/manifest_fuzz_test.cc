#include <cstddef>
#include <cstdint>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/string_view.h"
#include "fcis/data/download/manifest.h"

// A manifest that is taken has everything that it names.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fcis;  // NOLINT
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto manifest = data::ParseManifest(text, "fuzz");
  if (!manifest.ok()) return 0;
  for (const DownloadItem& item : manifest->item()) {
    const auto found = data::SelectItems(*manifest, item.kind(), {item.name()});
    ABSL_RAW_CHECK(found.ok() && found->size() == 1, "an item");
    ABSL_RAW_CHECK(data::FirstItem(*manifest, item.kind()) != nullptr, "first");
  }
  for (const DownloadGroup& group : manifest->group()) {
    ABSL_RAW_CHECK(
        data::SelectItems(*manifest, DownloadItem::DATASET, {group.name()})
            .ok(),
        "a group");
  }
  ABSL_RAW_CHECK(
      !data::SelectItems(*manifest, DownloadItem::DATASET, {"no such"}).ok() ||
          data::FindItem(*manifest, "no such") != nullptr ||
          manifest->group_size() > 0,
      "another name");
  return 0;
}
