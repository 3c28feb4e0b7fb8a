#include "fcis/data/convert/read_yolo.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/utf8.h"
#include "fcis/data/convert/shapes.h"
#include "fcis/data/json/json_scanner.h"

namespace fcis::data {
namespace {

// Behind the closing quote of what begins with one; npos: there is none. In
// 'it''s' and "a \" b" a quote goes on.
size_t QuoteEnd(absl::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[0] == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == text[0]) {
      const bool doubled = text[0] == '\'' && text.substr(i + 1, 1) == "'";
      if (!doubled) return i + 1;
      ++i;
    }
  }
  return text.npos;
}

// Quoted text as it is meant. JSON's escapes are those that YAML's writers use.
std::optional<std::string> Unescaped(absl::string_view quoted) {
  if (quoted[0] == '\'') {
    return absl::StrReplaceAll(quoted.substr(1, quoted.size() - 2),
                               {{"''", "'"}});
  }
  JsonScanner json(quoted);
  absl::string_view text;
  if (!json.ReadString(text) || !json.ReadEnd()) return std::nullopt;
  return std::string(text);
}

// A YAML scalar without its quotes, or a comment; nothing: it cannot be read.
std::optional<std::string> Scalar(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  if (!text.empty() && (text[0] == '\'' || text[0] == '"')) {
    const size_t end = QuoteEnd(text);
    if (end == text.npos) return std::nullopt;
    return Unescaped(text.substr(0, end));
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
      const auto key = Scalar(parts.first);
      if (!key || !absl::SimpleAtoi(*key, &number)) return false;
      item = parts.second;
    }
    const auto name = Scalar(item);
    return name && !name->empty() && names_.emplace(number, *name).second;
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

// What stands behind "[" or "{", which may go on over lines, up to the bracket
// that closes it; commas and brackets in quotes belong to names.
absl::Status AddFlow(absl::string_view list, bool numbered, NameList* names) {
  bool before_item = true;  // only there a quote is one
  size_t begin = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    const char c = list[i];
    const bool closes = c == (numbered ? '}' : ']');
    if (closes || c == ',') {
      const absl::string_view item = list.substr(begin, i - begin);
      const bool none = absl::StripAsciiWhitespace(item).empty();
      if (!none && !names->Add(item, numbered)) return BadName(item);
      if (closes) return absl::OkStatus();
      begin = i + 1;
    } else if ((c == '\'' || c == '"') && before_item) {
      const size_t end = QuoteEnd(list.substr(i));
      if (end == list.npos) break;
      i += end - 1;
    }
    if (!absl::ascii_isspace(static_cast<unsigned char>(c))) {
      before_item = c == ',' || c == ':';
    }
  }
  return BadName(list.substr(begin));
}

// Whether a line is of this key; then what stands behind it is left.
bool ConsumeKey(absl::string_view key, absl::string_view* line) {
  absl::string_view rest = *line;
  absl::ConsumePrefix(&rest, kUtf8Mark);
  const bool quoted = absl::ConsumePrefix(&rest, "\"");
  if (!absl::ConsumePrefix(&rest, key)) return false;
  if (quoted && !absl::ConsumePrefix(&rest, "\"")) return false;
  rest = absl::StripLeadingAsciiWhitespace(rest);
  if (!absl::ConsumePrefix(&rest, ":")) return false;
  *line = absl::StripAsciiWhitespace(rest);
  return true;
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
  absl::ConsumePrefix(&text, kUtf8Mark);
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

// What the label files do not say themselves.
struct Description {
  std::vector<std::string> names;
  size_t keypoint_values = 0;
};

// The values that a line has for keypoints, by "kpt_shape: [17, 3]".
size_t KeypointValues(absl::string_view yaml) {
  for (absl::string_view line : absl::StrSplit(yaml, absl::ByAnyChar("\r\n"))) {
    if (!ConsumeKey("kpt_shape", &line)) continue;
    const std::vector<absl::string_view> sides =
        absl::StrSplit(line, absl::ByAnyChar("[], "), absl::SkipEmpty());
    uint32_t points = 0, each = 0;
    if (sides.size() >= 2 && absl::SimpleAtoi(sides[0], &points) &&
        absl::SimpleAtoi(sides[1], &each)) {
      return size_t{points} * each;
    }
  }
  return 0;
}

bool HasNames(absl::string_view yaml) {
  for (absl::string_view line : absl::StrSplit(yaml, absl::ByAnyChar("\r\n"))) {
    if (ConsumeKey("names", &line)) return true;
  }
  return false;
}

absl::StatusOr<Description> Describe(const ReaderInput& input) {
  Description found;
  std::string first;
  for (const std::string& file : input.all) {
    const bool yaml =
        absl::EndsWith(file, ".yaml") || absl::EndsWith(file, ".yml");
    if (!yaml && !absl::EndsWith(file, "/classes.txt")) continue;
    ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
    // Recipes of a training lie about, too.
    if (yaml && !HasNames(text)) continue;
    ASSIGN_OR_RETURN(const std::vector<std::string> names,
                     Within(file, yaml ? ParseYoloNames(text) : Lines(text)));
    for (const std::string& name : names) {
      if (IsUtf8(name)) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          file, ": the class \"", absl::CHexEscape(name),
          "\" is no text of UTF-8; expected the file to be saved as UTF-8"));
    }
    if (!found.names.empty() && names != found.names) {
      return absl::InvalidArgumentError(absl::StrCat(
          first, " and ", file, " name different classes; expected one list"));
    }
    found.names = names;
    first = file;
    if (yaml) found.keypoint_values = KeypointValues(text);
  }
  if (!found.names.empty()) return found;
  return absl::NotFoundError(absl::StrCat(
      input.root,
      ": no names of classes, expected a data.yaml with \"names\", "
      "or classes.txt with a line for each"));
}

// What is farther outside is no share of a side, but a number of pixels.
constexpr double kFarthest = 2;

// Of a line's numbers, which stand behind its class.
absl::StatusOr<Polygon> OutlineOf(const std::vector<double>& numbers,
                                  bool* box) {
  const size_t n = numbers.size();
  for (const double number : numbers) {
    if (std::abs(number) <= kFarthest) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(number,
                     ", expected shares of the picture's width and height, 0 "
                     "to 1"));
  }
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
                                        size_t keypoint_values, bool* box) {
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
  constexpr size_t kBox = 4;
  if (keypoint_values > 0 && numbers.size() == kBox + keypoint_values) {
    numbers.resize(kBox);
  }
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

absl::StatusOr<ForeignPicture> ReadPicture(const ReaderInput& input,
                                           const std::string& file,
                                           size_t keypoint_values,
                                           ForeignSet* set) {
  ForeignPicture picture;
  picture.source = file;
  picture.relative = true;
  picture.validates =
      PartOf(input.root, DirectoryOf(file)) == Part::kValidation;
  ASSIGN_OR_RETURN(picture.path, input.pictures->FindStem(PictureStem(file)));
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
  ASSIGN_OR_RETURN(
      picture.objects,
      ParseYoloLabels(text, set->classes, keypoint_values, file, &set->notes));
  return picture;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseYoloNames(
    absl::string_view yaml) {
  NameList names;
  const std::vector<absl::string_view> lines =
      absl::StrSplit(yaml, absl::ByAnyChar("\r\n"));
  for (size_t i = 0; i < lines.size(); ++i) {
    absl::string_view rest = lines[i];
    if (!ConsumeKey("names", &rest)) continue;
    if (rest.empty() || (rest[0] != '[' && rest[0] != '{')) {
      RETURN_IF_ERROR(
          AddBlock(absl::MakeConstSpan(lines).subspan(i + 1), &names));
    } else {
      const auto begin = static_cast<size_t>(rest.data() - yaml.data()) + 1;
      RETURN_IF_ERROR(AddFlow(yaml.substr(begin), rest[0] == '{', &names));
    }
    break;
  }
  return names.Take();
}

absl::StatusOr<std::vector<ForeignObject>> ParseYoloLabels(
    absl::string_view text, const std::vector<std::string>& names,
    size_t keypoint_values, const std::string& source, ConversionNotes* notes) {
  std::vector<ForeignObject> objects;
  int number = 0;
  absl::ConsumePrefix(&text, kUtf8Mark);
  for (absl::string_view line : absl::StrSplit(text, absl::ByAnyChar("\n"))) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) continue;
    bool box = false;
    const std::string where = absl::StrCat("line ", number);
    ASSIGN_OR_RETURN(
        ForeignObject object,
        Within(where, ParseLine(line, names, keypoint_values, &box)));
    object.where = where;
    if (box) {
      notes->Add("boxes without an outline, taken as rectangles",
                 absl::StrCat(source, " ", where));
    }
    objects.push_back(std::move(object));
  }
  return objects;
}

absl::Status ReadYolo(const ReaderInput& input, ForeignSet* set) {
  ASSIGN_OR_RETURN(Description description, Describe(input));
  set->classes = std::move(description.names);
  std::set<std::string> seen;
  for (const std::string& file : input.files) {
    if (PartOf(input.root, DirectoryOf(file)) == Part::kTest) {
      set->notes.Add(kTestPart, file);
      continue;
    }
    absl::StatusOr<ForeignPicture> picture =
        ReadPicture(input, file, description.keypoint_values, set);
    if (picture.ok()) seen.insert(picture->path);
    set->Take(file, std::move(picture));
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
