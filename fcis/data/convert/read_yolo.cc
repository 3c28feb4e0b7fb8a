#include "fcis/data/convert/read_yolo.h"

#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/data/convert/shapes.h"

namespace fcis::data {
namespace {

// A YAML scalar without its quotes, or a comment.
std::string Unquoted(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  if (text.size() >= 2 && (text[0] == '\'' || text[0] == '"')) {
    const size_t end = text.find(text[0], 1);
    if (end != text.npos) return std::string(text.substr(1, end - 1));
  }
  const size_t comment = text.find(" #");
  return std::string(absl::StripAsciiWhitespace(text.substr(0, comment)));
}

// Names by number.
class NameList {
 public:
  // "a", or "0: a" where the numbers are written.
  bool Add(absl::string_view item, bool numbered) {
    int number = static_cast<int>(names_.size());
    if (numbered) {
      const std::pair<absl::string_view, absl::string_view> parts =
          absl::StrSplit(item, absl::MaxSplits(':', 1));
      if (!absl::SimpleAtoi(Unquoted(parts.first), &number)) return false;
      item = parts.second;
    }
    const std::string name = Unquoted(item);
    return !name.empty() && names_.emplace(number, name).second;
  }

  absl::StatusOr<std::vector<std::string>> Take() const {
    std::vector<std::string> list;
    for (const auto& [number, name] : names_) {
      if (number != static_cast<int>(list.size())) {
        return absl::InvalidArgumentError(
            absl::StrCat("\"names\" has no class ", list.size()));
      }
      list.push_back(name);
    }
    if (!list.empty()) return list;
    return absl::InvalidArgumentError("expected a list \"names\" of classes");
  }

 private:
  std::map<int, std::string> names_;
};

absl::Status BadName(absl::string_view item) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"names\": cannot read \"", item, "\""));
}

// Within brackets or braces; commas in quotes belong to names.
absl::Status AddFlow(absl::string_view list, bool numbered, NameList* names) {
  char quote = 0;
  bool before_item = true;  // only there a quote is one
  size_t begin = 0;
  for (size_t i = 0; i <= list.size(); ++i) {
    const char c = i < list.size() ? list[i] : ',';
    if (quote != 0) {
      if (c == quote) quote = 0;
      continue;
    } else if ((c == '\'' || c == '"') && before_item) {
      quote = c;
    }
    if (c != ' ') before_item = c == ',' || c == ':';
    if (quote != 0 || c != ',') continue;
    const absl::string_view item = list.substr(begin, i - begin);
    begin = i + 1;
    if (absl::StripAsciiWhitespace(item).empty()) continue;
    if (!names->Add(item, numbered)) return BadName(item);
  }
  return quote == 0 ? absl::OkStatus() : BadName(list.substr(begin));
}

// The lines behind "names:" that are indented or begin with a dash.
absl::Status AddBlock(absl::Span<const absl::string_view> lines,
                      NameList* names) {
  for (absl::string_view line : lines) {
    const absl::string_view item = absl::StripAsciiWhitespace(line);
    if (item.empty() || item[0] == '#') continue;
    absl::string_view rest = item;
    const bool dash = absl::ConsumePrefix(&rest, "-");
    if (!dash && line[0] != ' ' && line[0] != '\t') break;  // another key
    if (!names->Add(rest, !dash)) return BadName(item);
  }
  return absl::OkStatus();
}

std::vector<std::string> Lines(absl::string_view text) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

absl::StatusOr<std::vector<std::string>> NamesOf(const ReaderInput& input) {
  std::vector<std::string> names;
  std::string first;
  for (const std::string& file : input.all) {
    const bool yaml =
        absl::EndsWith(file, ".yaml") || absl::EndsWith(file, ".yml");
    if (!yaml && !absl::EndsWith(file, "/classes.txt")) continue;
    ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
    const absl::StatusOr<std::vector<std::string>> found =
        yaml ? ParseYoloNames(text) : Lines(text);
    if (!found.ok() && !absl::StrContains(text, "names")) continue;
    if (!found.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ": ", found.status().message()));
    }
    if (!names.empty() && *found != names) {
      return absl::InvalidArgumentError(absl::StrCat(
          first, " and ", file, " name different classes; expected one list"));
    }
    names = *found;
    first = file;
  }
  if (!names.empty()) return names;
  return absl::NotFoundError(absl::StrCat(
      input.root,
      ": no names of classes, expected a data.yaml with \"names\", "
      "or classes.txt with a line for each"));
}

// Of a line's numbers, which stand behind its class.
absl::StatusOr<Polygon> OutlineOf(const std::vector<double>& numbers,
                                  bool* box) {
  const size_t n = numbers.size();
  *box = n == 4;
  if (*box) {
    const double w = numbers[2] / 2, h = numbers[3] / 2;
    return RectanglePolygon(numbers[0] - w, numbers[1] - h, numbers[0] + w,
                            numbers[1] + h);
  }
  if (n >= 6 && n % 2 == 0) return numbers;
  return absl::InvalidArgumentError(absl::StrCat(
      n,
      " numbers behind the class, expected x and y of three points or more, "
      "or a box's four"));
}

absl::StatusOr<ForeignObject> ParseLine(absl::string_view line,
                                        const std::vector<std::string>& names,
                                        bool* box) {
  std::vector<double> numbers;
  for (absl::string_view word :
       absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty())) {
    double number = 0;
    if (!absl::SimpleAtod(word, &number) || !std::isfinite(number)) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", word, "\" is no number"));
    }
    numbers.push_back(number);
  }
  const double label = numbers[0];
  if (label < 0 || label >= static_cast<double>(names.size()) ||
      label != std::floor(label)) {
    return absl::InvalidArgumentError(
        absl::StrCat("class ", label, ", expected 0 to ", names.size() - 1));
  }
  numbers.erase(numbers.begin());
  ForeignObject object;
  object.name = names[static_cast<size_t>(label)];
  ASSIGN_OR_RETURN(Polygon outline, OutlineOf(numbers, box));
  object.polygons.push_back(std::move(outline));
  return object;
}

// "images" in place of the last directory "labels" of a path.
std::string PictureStem(const std::string& file) {
  std::string path = file.substr(0, file.rfind('.'));
  const size_t at = path.rfind("/labels/");
  if (at != path.npos) path.replace(at, 8, "/images/");
  return path;
}

bool AddPicture(const ReaderInput& input, const std::string& file,
                ForeignPicture* picture, ForeignSet* set) {
  absl::Status status;
  picture->source = file;
  picture->relative = true;
  picture->validates =
      PartOf(input.root, DirectoryOf(file)) == Part::kValidation;
  const auto path = input.pictures->FindStem(PictureStem(file));
  if (path.ok()) {
    picture->path = *path;
    const auto text = ReadFile(file);
    auto objects = text.ok()
                       ? ParseYoloLabels(*text, set->classes, file, &set->notes)
                       : text.status();
    if (objects.ok()) {
      picture->objects = *std::move(objects);
      return true;
    }
    status = objects.status();
  } else {
    status = path.status();
  }
  set->problems.errors.Add(absl::StrCat(file, ": ", status.message()));
  return false;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseYoloNames(
    absl::string_view yaml) {
  NameList names;
  const std::vector<absl::string_view> lines =
      absl::StrSplit(yaml, absl::ByAnyChar("\r\n"));
  for (size_t i = 0; i < lines.size(); ++i) {
    absl::string_view line = lines[i];
    if (!absl::ConsumePrefix(&line, "names:")) continue;
    const absl::string_view rest = absl::StripAsciiWhitespace(line);
    const bool flow = !rest.empty() && (rest[0] == '[' || rest[0] == '{');
    if (!flow) {
      RETURN_IF_ERROR(
          AddBlock(absl::MakeConstSpan(lines).subspan(i + 1), &names));
      break;
    }
    // To the closing bracket, which may be lines away.
    const size_t begin = static_cast<size_t>(rest.data() - yaml.data());
    const size_t end = yaml.find(rest[0] == '[' ? ']' : '}', begin);
    if (end == yaml.npos) return BadName(rest);
    const std::string list =
        absl::StrJoin(absl::StrSplit(yaml.substr(begin + 1, end - begin - 1),
                                     absl::ByAnyChar("\r\n")),
                      " ");
    RETURN_IF_ERROR(AddFlow(list, rest[0] == '{', &names));
    break;
  }
  return names.Take();
}

absl::StatusOr<std::vector<ForeignObject>> ParseYoloLabels(
    absl::string_view text, const std::vector<std::string>& names,
    const std::string& source, ConversionNotes* notes) {
  std::vector<ForeignObject> objects;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, absl::ByAnyChar("\n"))) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) continue;
    bool box = false;
    absl::StatusOr<ForeignObject> object = ParseLine(line, names, &box);
    if (!object.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": ", object.status().message()));
    }
    object->where = absl::StrCat("line ", number);
    if (box) {
      notes->Add("boxes without an outline, taken as rectangles",
                 absl::StrCat(source, " line ", number));
    }
    objects.push_back(*std::move(object));
  }
  return objects;
}

absl::Status ReadYolo(const ReaderInput& input, ForeignSet* set) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesOf(input));
  set->classes = names;
  std::set<std::string> seen;
  for (const std::string& file : input.files) {
    if (PartOf(input.root, DirectoryOf(file)) == Part::kTest) {
      set->notes.Add(kTestPart, file);
      continue;
    }
    ForeignPicture picture;
    if (!AddPicture(input, file, &picture, set)) continue;
    seen.insert(picture.path);
    set->pictures.push_back(std::move(picture));
  }
  for (const std::string& file : input.all) {
    if (!HasPictureName(file) || !absl::StrContains(file, "/images/") ||
        seen.count(file) > 0) {
      continue;
    }
    const Part part = PartOf(input.root, DirectoryOf(file));
    if (part == Part::kTest) continue;
    ForeignPicture picture;
    picture.source = picture.path = file;
    picture.validates = part == Part::kValidation;
    set->pictures.push_back(std::move(picture));
  }
  return absl::OkStatus();
}

}  // namespace fcis::data
