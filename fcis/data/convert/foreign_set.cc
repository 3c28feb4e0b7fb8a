#include "fcis/data/convert/foreign_set.h"

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace fcis::data {

void ConversionNotes::Add(absl::string_view reason,
                          const std::string& example) {
  auto entry = absl::c_find_if(
      entries_, [&](const Entry& known) { return known.reason == reason; });
  if (entry == entries_.end()) {
    entries_.push_back({std::string(reason), 0, {}});
    entry = entries_.end() - 1;
  }
  ++entry->count;
  if (entry->examples.size() < kExamples) entry->examples.push_back(example);
}

std::string ConversionNotes::ToText() const {
  std::string text;
  for (const Entry& entry : entries_) {
    const bool more = entry.count > static_cast<int64_t>(kExamples);
    absl::StrAppendFormat(&text, "%8d  %s: %s%s\n", entry.count, entry.reason,
                          absl::StrJoin(entry.examples, ", "),
                          more ? ", ..." : "");
  }
  return text;
}

void ForeignSet::AddClass(const std::string& name) {
  if (!absl::c_linear_search(classes, name)) classes.push_back(name);
}

void ForeignSet::Take(const std::string& file,
                      absl::StatusOr<ForeignPicture> picture) {
  if (picture.ok()) {
    for (const ForeignObject& object : picture->objects) AddClass(object.name);
    pictures.push_back(*std::move(picture));
    return;
  }
  const absl::string_view message = picture.status().message();
  problems.errors.Add(absl::StartsWith(message, file)
                          ? std::string(message)
                          : absl::StrCat(file, ": ", message));
}

}  // namespace fcis::data
