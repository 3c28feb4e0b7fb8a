#include "fcis/train/main/run_flags.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "fcis/core/cli/flag_parser.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "fcis/train/run/run_directory.h"

namespace fcis::train {
namespace {

// How a flag's value is kept.
enum class Kept {
  kText,
  kPath,
  kPathOrName,  // a path if there is such a file
};

struct RunFlag {
  const char* name;
  Kept kept;
  // With this one on the command line the record's value does not count; null:
  // there is none.
  const char* unless = nullptr;
};

constexpr RunFlag kRunFlags[] = {
    {"set", Kept::kText, "config"},
    {"init", Kept::kPathOrName},
    {"seed", Kept::kText},
    {"ann_file", Kept::kPath, "data_dir"},
    {"image_dir", Kept::kPath, "data_dir"},
    {"data_dir", Kept::kPath},
    {"bad_annotations", Kept::kText},
    {"val_ann_file", Kept::kPath},
    {"val_image_dir", Kept::kPath},
    {"val_every", Kept::kText},
    {"map_classes", Kept::kText},
    {"max_iters", Kept::kText},
    {"checkpoint_every", Kept::kText},
    {"keep_checkpoints", Kept::kText},
    {"device", Kept::kText, "gpu"},
    {"gpu", Kept::kText, "device"},
    {"precision", Kept::kText},
};

std::string KeptValue(const RunFlag& flag,
                      const absl::CommandLineFlag& current) {
  const std::string value = current.CurrentValue();
  if (flag.kept == Kept::kText) return value;
  const std::string path = ResolvePath(value);
  if (flag.kept == Kept::kPath) return path;
  return FileExists(path) ? path : value;
}

std::string PartPath(absl::string_view directory, const char* part) {
  return ResolvePath(absl::StrCat(directory, "/", part));
}

void Set(absl::CommandLineFlag* flag, const std::string& value) {
  std::string error;
  flag->ParseFrom(value, &error);  // a text, which takes all
}

// After the record's values: paths of the parts in `directory`.
void TakeParts(const RunRecord& record, const std::string& directory) {
  const std::map<std::string, absl::CommandLineFlag*> all = OwnFlags();
  absl::CommandLineFlag* const ann_file = all.at("ann_file");
  const auto before = record.flags().find("ann_file");
  if (before == record.flags().end() || ann_file->CurrentValue().empty()) {
    return;
  }
  const std::string now = ResolvePath(ann_file->CurrentValue());
  const std::string part = PartPath(directory, kTrainPart);
  if (now != before->second && now != record.held_out_of() && now != part) {
    return;
  }
  Set(ann_file, part);
  // Another validation set may have been taken on purpose.
  absl::CommandLineFlag* const val_ann_file = all.at("val_ann_file");
  const absl::string_view begun_in =
      absl::StripSuffix(before->second, absl::StrCat("/", kTrainPart));
  if (val_ann_file->CurrentValue() != PartPath(begun_in, kValidationPart)) {
    return;
  }
  Set(val_ann_file, PartPath(directory, kValidationPart));
  if (!FlagWasGiven("val_image_dir")) {
    Set(all.at("val_image_dir"), all.at("image_dir")->CurrentValue());
  }
}

}  // namespace

void RecordRunFlags(RunRecord* record) {
  const std::map<std::string, absl::CommandLineFlag*> all = OwnFlags();
  for (const RunFlag& flag : kRunFlags) {
    const auto found = all.find(flag.name);
    if (found == all.end()) continue;
    (*record->mutable_flags())[flag.name] = KeptValue(flag, *found->second);
  }
}

absl::Status RestoreRunFlags(const RunRecord& record,
                             const std::string& directory) {
  const std::map<std::string, absl::CommandLineFlag*> all = OwnFlags();
  for (const RunFlag& flag : kRunFlags) {
    const auto found = all.find(flag.name);
    const auto value = record.flags().find(flag.name);
    if (found == all.end() || value == record.flags().end()) continue;
    if (FlagWasGiven(flag.name)) continue;
    if (flag.unless != nullptr && FlagWasGiven(flag.unless)) continue;
    std::string error;
    if (!found->second->ParseFrom(value->second, &error)) {
      return absl::DataLossError(absl::StrCat("run.textproto: flag ", flag.name,
                                              " is \"", value->second,
                                              "\": ", error));
    }
  }
  if (record.has_held_out_of()) TakeParts(record, directory);
  return absl::OkStatus();
}

bool TrainsOnItsPart(const RunRecord& record, const std::string& directory) {
  const auto ann_file = record.flags().find("ann_file");
  return ann_file != record.flags().end() &&
         ann_file->second == PartPath(directory, kTrainPart);
}

std::vector<std::string> RunFlagDifferences(const RunRecord& record) {
  RunRecord now;
  RecordRunFlags(&now);
  const auto text = [](const std::string& value) {
    return value.empty() ? "\"\"" : value;
  };
  std::vector<std::string> lines;
  for (const RunFlag& flag : kRunFlags) {
    const auto before = record.flags().find(flag.name);
    const auto after = now.flags().find(flag.name);
    if (before == record.flags().end() || after == now.flags().end() ||
        before->second == after->second) {
      continue;
    }
    // The file may be gone, which its name alone does not tell.
    if (flag.kept == Kept::kPathOrName &&
        ResolvePath(after->second) == before->second) {
      continue;
    }
    lines.push_back(absl::StrCat("--", flag.name, ": ", text(before->second),
                                 " -> ", text(after->second)));
  }
  return lines;
}

}  // namespace fcis::train
