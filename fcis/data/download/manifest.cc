#include "fcis/data/download/manifest.h"

#include <set>

#include "absl/algorithm/container.h"
#include "absl/base/internal/raw_logging.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/config/text_proto.h"
#include "fcis/data/download/embedded_manifest.h"

namespace fcis::data {
namespace {

bool IsHex(absl::string_view text, size_t digits) {
  return text.empty() ||
         (text.size() == digits && absl::c_all_of(text, [](char c) {
            return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
          }));
}

bool IsPlainName(absl::string_view name) {
  return !name.empty() && name[0] != '.' && !absl::StrContains(name, "/");
}

bool IsSafeDirectory(absl::string_view directory) {
  const std::vector<std::string> parts = absl::StrSplit(directory, '/');
  return absl::c_all_of(parts, IsPlainName);
}

// What is wrong with an item; "" when nothing is.
std::string Fault(const DownloadItem& item) {
  if (!IsPlainName(item.file())) return "file must be a plain name";
  if (item.size() < 0) return "size must not be negative";
  if (!IsHex(item.md5(), 32)) return "md5 must be 32 lower-case hex digits";
  if (!IsHex(item.sha256(), 64)) {
    return "sha256 must be 64 lower-case hex digits";
  }
  for (const DownloadSource& source : item.source()) {
    if (absl::StartsWith(source.url(), "https://")) continue;
    if (!absl::StartsWith(source.url(), "http://")) {
      return absl::StrCat("not an address of http or https: ", source.url());
    }
    if (!source.allow_http()) {
      return absl::StrCat("http without allow_http: ", source.url());
    }
  }
  if (item.source().empty() && item.note().empty()) {
    return "without a source, a note must say how to get it";
  }
  for (const UnpackRule& rule : item.unpack()) {
    if (!IsSafeDirectory(rule.directory())) {
      return absl::StrCat("not a directory below the data directory: ",
                          rule.directory());
    }
  }
  if (item.has_else_split() && item.unpack().empty()) {
    return "else_split is for what is unpacked";
  }
  const MinivalSplit& split = item.else_split();
  for (const std::string& file : {split.val2014_file(), split.val2017_file(),
                                  split.minival_file(), split.rest_file()}) {
    if (item.has_else_split() && !IsSafeDirectory(file)) {
      return absl::StrCat("not a file below the data directory: ", file);
    }
  }
  return "";
}

absl::Status CheckManifest(const DownloadManifest& manifest,
                           absl::string_view source) {
  const auto error = [&](absl::string_view name, absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": '", name, "': ", what));
  };
  std::set<std::string> names, files;
  for (const DownloadItem& item : manifest.item()) {
    if (!IsPlainName(item.name()) || !names.insert(item.name()).second) {
      return error(item.name(), "expected a plain name, there once");
    }
    const std::string fault = Fault(item);
    if (!fault.empty()) return error(item.name(), fault);
    if (!files.insert(item.file()).second) {
      return error(item.name(), absl::StrCat(item.file(), " is there twice"));
    }
  }
  for (const DownloadItem& item : manifest.item()) {
    const MinivalSplit& split = item.else_split();
    for (const std::string& name :
         {split.val2014_item(), split.val2017_item()}) {
      if (item.has_else_split() && FindItem(manifest, name) == nullptr) {
        return error(item.name(), absl::StrCat("no item is called ", name));
      }
    }
  }
  for (const DownloadGroup& group : manifest.group()) {
    if (!IsPlainName(group.name()) || !names.insert(group.name()).second) {
      return error(group.name(), "expected a plain name, there once");
    }
    for (const std::string& name : group.item()) {
      if (FindItem(manifest, name) == nullptr) {
        return error(group.name(), absl::StrCat("no item is called ", name));
      }
    }
  }
  return absl::OkStatus();
}

const DownloadGroup* FindGroup(const DownloadManifest& manifest,
                               absl::string_view name) {
  for (const DownloadGroup& group : manifest.group()) {
    if (group.name() == name) return &group;
  }
  return nullptr;
}

// Every name that SelectItems knows.
std::vector<std::string> KnownNames(const DownloadManifest& manifest,
                                    DownloadItem::Kind kind) {
  std::vector<std::string> names;
  for (const DownloadItem& item : manifest.item()) {
    if (item.kind() == kind) names.push_back(item.name());
  }
  if (kind == DownloadItem::DATASET) {
    for (const DownloadGroup& group : manifest.group()) {
      names.push_back(group.name());
    }
  }
  return names;
}

}  // namespace

const DownloadManifest& BuiltinManifest() {
  static const DownloadManifest& manifest = *[] {
    auto parsed = ParseManifest(kManifestTextproto, "manifest.textproto");
    ABSL_RAW_CHECK(parsed.ok(), parsed.status().ToString().c_str());
    return new DownloadManifest(*std::move(parsed));
  }();
  return manifest;
}

absl::StatusOr<DownloadManifest> ParseManifest(absl::string_view text,
                                               absl::string_view source) {
  DownloadManifest manifest;
  RETURN_IF_ERROR(MergeTextProto(text, source, &manifest));
  RETURN_IF_ERROR(CheckManifest(manifest, source));
  return manifest;
}

const DownloadItem* FindItem(const DownloadManifest& manifest,
                             absl::string_view name) {
  for (const DownloadItem& item : manifest.item()) {
    if (item.name() == name || item.file() == name) return &item;
  }
  return nullptr;
}

absl::StatusOr<std::vector<DownloadItem>> SelectItems(
    const DownloadManifest& manifest, DownloadItem::Kind kind,
    const std::vector<std::string>& names) {
  std::set<std::string> wanted;
  for (const std::string& name : names) {
    const DownloadItem* item = FindItem(manifest, name);
    const DownloadGroup* group = FindGroup(manifest, name);
    if (item != nullptr && item->kind() == kind) {
      wanted.insert(item->name());
    } else if (group != nullptr && kind == DownloadItem::DATASET) {
      wanted.insert(group->item().begin(), group->item().end());
    } else {
      const std::vector<std::string> known = KnownNames(manifest, kind);
      return UsageError(absl::StrCat(
          "nothing to download is called '", name, "'", DidYouMean(name, known),
          " (download ", kind == DownloadItem::MODEL ? "models" : "datasets",
          " --list shows all)"));
    }
  }
  std::vector<DownloadItem> items;
  for (const DownloadItem& item : manifest.item()) {
    if (wanted.count(item.name()) > 0) items.push_back(item);
  }
  return items;
}

const DownloadItem* FirstItem(const DownloadManifest& manifest,
                              DownloadItem::Kind kind) {
  for (const DownloadItem& item : manifest.item()) {
    if (item.kind() == kind) return &item;
  }
  return nullptr;
}

}  // namespace fcis::data
