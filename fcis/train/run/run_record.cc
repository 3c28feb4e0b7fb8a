#include "fcis/train/run/run_record.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/text_proto.h"
#include "fcis/core/io/file.h"
#include "google/protobuf/util/message_differencer.h"

namespace fcis::train {
namespace {

using Names = google::protobuf::RepeatedPtrField<std::string>;

std::string RecordPath(const std::string& directory) {
  return absl::StrCat(directory, "/run.textproto");
}

void AddClassDifferences(const Names& before, const Names& now,
                         absl::string_view before_name,
                         absl::string_view now_name,
                         std::vector<std::string>* lines) {
  constexpr int kMost = 10;
  const auto name = [](const Names& names, int i) {
    return i < names.size() ? absl::StrCat("\"", names.Get(i), "\"") : "none";
  };
  int differences = 0;
  for (int i = 0; i < std::max(before.size(), now.size()); ++i) {
    if (i < before.size() && i < now.size() && before.Get(i) == now.Get(i)) {
      continue;
    }
    if (++differences > kMost) continue;
    lines->push_back(
        absl::StrCat("class ", i + 1, " (id and name): ", name(before, i), " ",
                     before_name, ", ", name(now, i), " ", now_name));
  }
  if (differences > kMost) {
    lines->push_back(
        absl::StrCat("... and ", differences - kMost, " more classes"));
  }
}

// The names of `all` that `known` lacks: their number and the first of them.
std::string Lacking(const Names& all, const Names& known) {
  constexpr size_t kMost = 5;
  const std::set<std::string> set(known.begin(), known.end());
  std::vector<std::string> named;
  int count = 0;
  for (const std::string& name : all) {
    if (set.count(name) > 0) continue;
    ++count;
    if (named.size() < kMost) named.push_back(name);
  }
  if (count == 0) return "";
  return absl::StrCat(count, " (", absl::StrJoin(named, ", "),
                      count > static_cast<int>(kMost) ? ", ..." : "", ")");
}

void AddPictureDifferences(const Names& before, const Names& now,
                           absl::string_view before_name,
                           absl::string_view now_name,
                           std::vector<std::string>* lines) {
  const auto differ =
      std::mismatch(before.begin(), before.end(), now.begin(), now.end());
  if (differ.first == before.end() && differ.second == now.end()) return;
  std::string line = absl::StrCat("pictures: ", before.size(), " ", before_name,
                                  ", ", now.size(), " ", now_name);
  const std::string gone = Lacking(before, now), added = Lacking(now, before);
  if (!gone.empty()) {
    absl::StrAppend(&line, "; only ", before_name, ": ", gone);
  }
  if (!added.empty()) absl::StrAppend(&line, "; only ", now_name, ": ", added);
  if (gone.empty() && added.empty()) {
    absl::StrAppend(&line, "; in another order from number ",
                    differ.first - before.begin() + 1, " on");
  }
  lines->push_back(std::move(line));
}

}  // namespace

absl::StatusOr<RunRecord> ReadRunRecord(const std::string& directory) {
  const std::string path = RecordPath(directory);
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  RunRecord record;
  RETURN_IF_ERROR(MergeTextProto(text, path, &record));
  return record;
}

absl::Status WriteRunRecord(const std::string& directory,
                            const RunRecord& record) {
  return WriteFileAtomic(
      RecordPath(directory),
      absl::StrCat("# What the run is of (fcis.RunRecord); --resume compares "
                   "with it.\n",
                   AsText(record)));
}

std::vector<std::string> DataDifferences(const RunRecord& before,
                                         const RunRecord& now,
                                         absl::string_view before_name,
                                         absl::string_view now_name) {
  std::vector<std::string> lines;
  AddClassDifferences(before.classes(), now.classes(), before_name, now_name,
                      &lines);
  AddPictureDifferences(before.pictures(), now.pictures(), before_name,
                        now_name, &lines);
  return lines;
}

std::vector<std::string> FieldDifferences(
    const google::protobuf::Message& before,
    const google::protobuf::Message& now) {
  google::protobuf::util::MessageDifferencer differencer;
  differencer.set_message_field_comparison(
      google::protobuf::util::MessageDifferencer::EQUIVALENT);
  std::string report;
  differencer.ReportDifferencesToString(&report);
  if (differencer.Compare(before, now)) return {};
  std::vector<std::string> lines =
      absl::StrSplit(report, '\n', absl::SkipEmpty());
  for (std::string& line : lines) {
    line = std::string(absl::StripPrefix(line, "modified: "));
  }
  return lines;
}

}  // namespace fcis::train
