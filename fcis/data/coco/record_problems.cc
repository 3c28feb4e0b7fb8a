#include "fcis/data/coco/record_problems.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace fcis::data {

void RecordLines::Add(std::string line, bool same_record) {
  ++count;
  if (!same_record) ++records;
  if (lines.size() < kKept) lines.push_back(std::move(line));
}

void RecordLines::Append(const RecordLines& other) {
  count += other.count;
  records += other.records;
  const size_t kept = std::min(other.lines.size(), kKept - lines.size());
  lines.insert(lines.end(), other.lines.begin(),
               other.lines.begin() + static_cast<std::ptrdiff_t>(kept));
}

std::string RecordLines::ToText(int most, const std::string& indent) const {
  const size_t shown = std::min(lines.size(), static_cast<size_t>(most));
  std::string text;
  for (size_t i = 0; i < shown; ++i) {
    absl::StrAppend(&text, i > 0 ? "\n" : "", indent, lines[i]);
  }
  const int64_t more = count - static_cast<int64_t>(shown);
  if (more > 0) {
    absl::StrAppend(&text, shown > 0 ? "\n" : "", indent, "... and ", more,
                    " more");
  }
  return text;
}

std::string ShownValue(absl::string_view text) {
  constexpr size_t kShown = 40;
  if (text.empty()) return "nothing";
  std::string shown(text.substr(0, kShown));
  if (text.size() > kShown) {
    // Not within a character of UTF-8.
    size_t end = kShown;
    while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
    shown = absl::StrCat(text.substr(0, end), "...");
  }
  for (char& c : shown) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  return shown;
}

void RecordProblems::Append(const RecordProblems& other) {
  errors.Append(other.errors);
  conflicts.Append(other.conflicts);
  remarks.Append(other.remarks);
}

absl::Status RecordProblems::Check(const BadAnnotationPolicy& policy) const {
  RecordLines all = conflicts;
  if (!policy.skip) all.Append(errors);
  if (all.count == 0) return absl::OkStatus();
  std::string message = all.ToText(policy.max_messages);
  if (!policy.skip && errors.count > 0) {
    absl::StrAppend(&message, "\n", errors.records,
                    " bad records; --bad_annotations=skip leaves them out");
  }
  return absl::InvalidArgumentError(message);
}

std::vector<std::string> RecordProblems::Notes(
    const BadAnnotationPolicy& policy) const {
  std::vector<std::string> notes;
  const auto add = [&](const RecordLines& lines, int64_t number,
                       const char* what) {
    if (lines.count == 0) return;
    notes.push_back(absl::StrCat(number, what, "\n",
                                 lines.ToText(policy.max_messages, "  ")));
  };
  if (policy.skip) add(errors, errors.records, " bad records are left out:");
  add(remarks, remarks.count,
      " members that are not needed hold something else:");
  return notes;
}

}  // namespace fcis::data
