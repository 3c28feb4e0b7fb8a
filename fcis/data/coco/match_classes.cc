#include "fcis/data/coco/match_classes.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/suggest.h"

namespace fcis::data {
namespace {

// Spellings of one class; the first is COCO's.
constexpr absl::string_view kSpellings[][3] = {
    {"airplane", "aeroplane"},
    {"cell phone", "cellphone", "mobile phone"},
    {"couch", "sofa"},
    {"dining table", "diningtable"},
    {"donut", "doughnut"},
    {"fire hydrant", "firehydrant"},
    {"hair drier", "hair dryer"},
    {"hot dog", "hotdog"},
    {"motorcycle", "motorbike"},
    {"potted plant", "pottedplant"},
    {"teddy bear", "teddybear"},
    {"traffic light", "trafficlight"},
    {"tv", "tvmonitor", "tv monitor"},
    {"tv", "television"},
    {"wine glass", "wineglass"},
};

// Equal for names that mean one class.
std::string Folded(absl::string_view name) {
  std::string folded = absl::AsciiStrToLower(
      absl::StrReplaceAll(name, {{"_", " "}, {"-", " "}}));
  absl::RemoveExtraAsciiWhitespace(&folded);
  for (const auto& spellings : kSpellings) {
    if (std::find(std::begin(spellings), std::end(spellings), folded) !=
        std::end(spellings)) {
      // An empty place of the table is no spelling.
      if (!folded.empty()) return std::string(spellings[0]);
    }
  }
  return folded;
}

// "a, b, c and 5 more".
std::string Shortened(absl::Span<const std::string> names) {
  constexpr size_t kMost = 20;
  if (names.size() <= kMost) return absl::StrJoin(names, ", ");
  return absl::StrCat(absl::StrJoin(names.subspan(0, kMost), ", "), " and ",
                      names.size() - kMost, " more");
}

// The names of one side.
class Names {
 public:
  explicit Names(absl::Span<const std::string> names)
      : names_(names.begin(), names.end()) {
    for (const std::string& name : names) folded_.push_back(Folded(name));
  }

  size_t size() const { return names_.size(); }
  const std::string& operator[](size_t i) const { return names_[i]; }
  const std::vector<std::string>& all() const { return names_; }

  // Where `name` is, in its own spelling or else in another: none, one or more.
  std::vector<size_t> Find(absl::string_view name) const {
    const std::vector<size_t> same = Places(names_, name);
    return same.empty() ? Places(folded_, Folded(name)) : same;
  }

 private:
  static std::vector<size_t> Places(const std::vector<std::string>& names,
                                    absl::string_view name) {
    std::vector<size_t> places;
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) places.push_back(i);
    }
    return places;
  }

  std::vector<std::string> names_, folded_;
};

// The place of a name that the user's map mentions, on one of its sides.
absl::StatusOr<size_t> FindMapped(absl::string_view name, const Names& names,
                                  absl::string_view owner) {
  const std::vector<size_t> found = names.Find(name);
  if (found.size() == 1) return found[0];
  if (found.empty()) {
    return UsageError(absl::StrCat("--map_classes: ", owner, " has no class \"",
                                   name, "\"", DidYouMean(name, names.all())));
  }
  return UsageError(absl::StrCat("--map_classes: \"", name, "\" may be \"",
                                 names[found[0]], "\" or \"", names[found[1]],
                                 "\" of ", owner));
}

// The categories, each id once.
absl::StatusOr<std::vector<const CocoCategory*>> Categories(
    const CocoDataset& dataset) {
  RecordIndex index;
  for (size_t i = 0; i < dataset.categories.size(); ++i) {
    const CocoCategory& category = dataset.categories[i];
    const int before = index.Find(category.id);
    if (before >= 0) {
      const std::string& name =
          dataset.categories[static_cast<size_t>(before)].name;
      if (name != category.name) {
        return absl::InvalidArgumentError(TwoNames(dataset, name, category));
      }
    }
    index.Set(category.id, static_cast<int>(i));
  }
  std::vector<const CocoCategory*> categories;
  for (size_t i = 0; i < dataset.categories.size(); ++i) {
    const CocoCategory& category = dataset.categories[i];
    if (index.Find(category.id) != static_cast<int>(i)) continue;
    for (const CocoCategory* other : categories) {
      if (other->name != category.name) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          dataset.path, ": the categories ", other->id.ToString(), " and ",
          category.id.ToString(), " have one name, \"", category.name,
          "\"; which is meant cannot be told, rename one"));
    }
    categories.push_back(&category);
  }
  return categories;
}

// Finds the partner of each class.
class Matcher {
 public:
  Matcher(const Names& classes, const Names& categories,
          const std::string& path)
      : classes_(classes),
        categories_(categories),
        path_(path),
        partners_(classes.size(), -1),
        owners_(categories.size(), -1),
        mapped_(classes.size()) {}

  absl::Status AddMap(const ClassMap& map);
  absl::Status AddNames();
  // The position of each class's category; -1: none.
  const std::vector<int>& partners() const { return partners_; }
  bool Taken(size_t category) const { return owners_[category] >= 0; }

 private:
  absl::Status Give(size_t category, size_t to);

  const Names& classes_;
  const Names& categories_;
  const std::string& path_;
  std::vector<int> partners_, owners_;
  std::vector<bool> mapped_;
};

absl::Status Matcher::AddMap(const ClassMap& map) {
  for (const auto& [model_name, set_name] : map) {
    ASSIGN_OR_RETURN(const size_t i,
                     FindMapped(model_name, classes_, "the model"));
    ASSIGN_OR_RETURN(const size_t category,
                     FindMapped(set_name, categories_, path_));
    if (mapped_[i]) {
      return UsageError(absl::StrCat("--map_classes gives \"", classes_[i],
                                     "\" two categories; expected one"));
    }
    mapped_[i] = true;
    partners_[i] = static_cast<int>(category);
    owners_[category] = static_cast<int>(i);
  }
  return absl::OkStatus();
}

absl::Status Matcher::Give(size_t category, size_t to) {
  const int owner = owners_[category];
  if (owner >= 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the model's classes \"", classes_[static_cast<size_t>(owner)],
        "\" and \"", classes_[to], "\" may both be \"", categories_[category],
        "\" of ", path_, "; --map_classes 'NAME:", categories_[category],
        "' says which is"));
  }
  owners_[category] = static_cast<int>(to);
  partners_[to] = static_cast<int>(category);
  return absl::OkStatus();
}

// Equal names first: what they, or the map, take is nobody else's.
absl::Status Matcher::AddNames() {
  for (const bool equal : {true, false}) {
    std::vector<bool> free(categories_.size());
    for (size_t j = 0; j < free.size(); ++j) free[j] = !Taken(j);
    for (size_t i = 0; i < classes_.size(); ++i) {
      if (partners_[i] >= 0) continue;
      std::vector<size_t> found;
      for (const size_t j : categories_.Find(classes_[i])) {
        const bool is_equal = categories_[j] == classes_[i];
        if (free[j] && is_equal == equal) found.push_back(j);
      }
      if (found.empty()) continue;
      if (found.size() > 1) {
        return absl::FailedPreconditionError(absl::StrCat(
            "the model's class \"", classes_[i], "\" may be \"",
            categories_[found[0]], "\" or \"", categories_[found[1]], "\" of ",
            path_, "; --map_classes '", classes_[i], ":NAME' says which"));
      }
      RETURN_IF_ERROR(Give(found[0], i));
    }
  }
  return absl::OkStatus();
}

// Splits at `separator`, but for those behind a backslash, which stays.
std::vector<std::string> Split(absl::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == separator) {
      parts.emplace_back();
      continue;
    }
    parts.back() += text[i];
    if (text[i] == '\\' && i + 1 < text.size()) parts.back() += text[++i];
  }
  return parts;
}

// Without the backslashes.
std::string Name(absl::string_view text) {
  std::string name;
  text = absl::StripAsciiWhitespace(text);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    name += text[i];
  }
  return name;
}

}  // namespace

absl::StatusOr<ClassMap> ParseClassMap(absl::string_view text) {
  ClassMap map;
  if (absl::StripAsciiWhitespace(text).empty()) return map;
  for (const std::string& entry : Split(text, ',')) {
    const std::vector<std::string> names = Split(entry, ':');
    if (names.size() != 2 || Name(names[0]).empty() || Name(names[1]).empty()) {
      return UsageError(
          absl::StrCat("--map_classes: \"", entry,
                       "\": expected 'name in the model:name in the set'"));
    }
    map.emplace_back(Name(names[0]), Name(names[1]));
  }
  return map;
}

absl::StatusOr<ClassMatch> MatchClasses(absl::Span<const std::string> classes,
                                        const CocoDataset& dataset,
                                        const ClassMap& map) {
  ASSIGN_OR_RETURN(const std::vector<const CocoCategory*> categories,
                   Categories(dataset));
  std::vector<std::string> category_names;
  for (const CocoCategory* category : categories) {
    category_names.push_back(category->name);
  }
  const Names model(classes), names(category_names);
  Matcher matcher(model, names, dataset.path);
  RETURN_IF_ERROR(matcher.AddMap(map));
  RETURN_IF_ERROR(matcher.AddNames());
  ClassMatch match;
  match.path = dataset.path;
  for (size_t i = 0; i < classes.size(); ++i) {
    match.categories.emplace_back();
    const int partner = matcher.partners()[i];
    if (partner < 0) {
      match.only_in_model.push_back(classes[i]);
      continue;
    }
    const CocoCategory& category = *categories[static_cast<size_t>(partner)];
    ++match.in_common;
    match.categories.back() = category.id;
    if (category.name != classes[i]) {
      match.renamed.emplace_back(classes[i], category.name);
    }
  }
  for (size_t j = 0; j < names.size(); ++j) {
    if (!matcher.Taken(j)) match.only_in_set.push_back(names[j]);
  }
  if (match.in_common > 0) return match;
  return absl::FailedPreconditionError(absl::StrCat(
      "the model and ", dataset.path,
      " have no class in common.\nThe model knows ", Shortened(classes), ".\n",
      dataset.path, names.size() == 0 ? " has none" : " has ",
      Shortened(names.all()),
      ".\n--map_classes 'name in the model:name in the set' says what is "
      "what"));
}

std::string Describe(const ClassMatch& match) {
  std::string text =
      absl::StrCat(match.in_common,
                   match.in_common == 1 ? " class" : " classes", " in common");
  if (!match.renamed.empty()) {
    std::vector<std::string> pairs;
    for (const auto& [model_name, set_name] : match.renamed) {
      pairs.push_back(absl::StrCat(model_name, " as ", set_name));
    }
    absl::StrAppend(&text, "\n  spelled otherwise: ", Shortened(pairs));
  }
  if (!match.only_in_model.empty()) {
    absl::StrAppend(&text, "\n  only the model knows, left out: ",
                    Shortened(match.only_in_model));
  }
  if (!match.only_in_set.empty()) {
    absl::StrAppend(
        &text, "\n  only ", match.path,
        " has, AP cannot be more than 0 here: ", Shortened(match.only_in_set));
  }
  return text;
}

}  // namespace fcis::data
