#include "fcis/data/convert/read_label_pictures.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/io/file.h"
#include "fcis/core/rle/rle_to_polygons.h"
#include "fcis/data/codec/image_reader.h"

namespace fcis::data {
namespace {

constexpr uint32_t kVoid = 255;

constexpr std::array<const char*, 20> kVocClasses = {
    "aeroplane",   "bicycle", "bird",  "boat",      "bottle",
    "bus",         "car",     "cat",   "chair",     "cow",
    "diningtable", "dog",     "horse", "motorbike", "person",
    "pottedplant", "sheep",   "sofa",  "train",     "tvmonitor"};

// Number i has bit 3k + c of i as bit 7 - k of channel c.
uint32_t VocColor(uint32_t label) {
  std::array<uint32_t, 3> rgb = {0, 0, 0};
  for (uint32_t k = 0; k < 8; ++k) {
    for (uint32_t c = 0; c < 3; ++c) {
      rgb[c] |= (label >> (3 * k + c) & 1u) << (7 - k);
    }
  }
  return rgb[0] << 16 | rgb[1] << 8 | rgb[2];
}

absl::StatusOr<PngLabels> ReadLabels(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  return Within(path, DecodePngLabels(bytes, kDefaultMaxPixels));
}

// Background from the last run to the end.
void FillUp(Rle& mask, uint64_t pixels) {
  uint64_t covered = 0;
  for (const uint32_t run : mask.counts) covered += run;
  if (covered < pixels) {
    mask.counts.push_back(static_cast<uint32_t>(pixels - covered));
  }
}

}  // namespace

absl::Span<const char* const> VocClasses() { return kVocClasses; }

absl::StatusOr<std::set<std::string>> ReadStems(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  std::set<std::string> stems;
  for (absl::string_view stem :
       absl::StrSplit(text, absl::ByAnyChar("\r\n"), absl::SkipEmpty())) {
    stems.emplace(absl::StripAsciiWhitespace(stem));
  }
  return stems;
}

std::map<uint32_t, Rle> MasksOfLabels(const PngLabels& picture) {
  std::map<uint32_t, Rle> masks;
  std::map<uint32_t, uint64_t> ends;  // of the last run of each
  const auto height = static_cast<uint64_t>(picture.height);
  const auto width = static_cast<uint64_t>(picture.width);
  const auto label = [&](uint64_t at) {  // down the columns
    return picture.labels[at % height * width + at / height];
  };
  for (uint64_t begin = 0, end = 0; begin < height * width; begin = end) {
    const uint32_t value = label(begin);
    while (end < height * width && label(end) == value) ++end;
    if (value == 0) continue;
    Rle& mask = masks[value];
    mask.height = picture.height;
    mask.width = picture.width;
    mask.counts.push_back(static_cast<uint32_t>(begin - ends[value]));
    mask.counts.push_back(static_cast<uint32_t>(end - begin));
    ends[value] = end;
  }
  for (auto& [value, mask] : masks) FillUp(mask, height * width);
  return masks;
}

absl::Status ColorsToVocLabels(PngLabels* picture) {
  if (!picture->colors) return absl::OkStatus();
  std::map<uint32_t, uint32_t> numbers;
  for (uint32_t i = 0; i <= kVoid; ++i) numbers.emplace(VocColor(i), i);
  for (uint32_t& label : picture->labels) {
    const auto number = numbers.find(label);
    if (number == numbers.end()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("colour #%06x is none of Pascal VOC's", label));
    }
    label = number->second;
  }
  picture->colors = false;
  return absl::OkStatus();
}

absl::StatusOr<std::map<uint32_t, std::string>> ParseLabelMap(
    absl::string_view text) {
  std::map<uint32_t, std::string> names;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> fields = absl::StrSplit(line, ':');
    const std::vector<std::string> channels =
        absl::StrSplit(fields.size() > 1 ? fields[1] : "", ',');
    uint32_t color = 0;
    bool good = channels.size() == 3 && !fields[0].empty();
    for (const std::string& channel : channels) {
      uint32_t value = 0;
      good = good && absl::SimpleAtoi(channel, &value) && value <= 255;
      color = color << 8 | value;
    }
    if (!good) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", line, "\", expected name:red,green,blue::"));
    }
    names[color] = fields[0];
  }
  return names;
}

namespace {

class VocReader {
 public:
  VocReader(const ReaderInput& input, ForeignSet* set)
      : input_(input), set_(set) {}

  absl::Status Read() {
    RETURN_IF_ERROR(ReadLists());
    if (names_.empty()) {
      for (const char* name : kVocClasses) set_->AddClass(name);
    }
    for (const std::string& file : input_.files) {
      set_->Take(file, ReadPicture(file));
    }
    return absl::OkStatus();
  }

 private:
  // labelmap.txt, and which pictures validate.
  absl::Status ReadLists() {
    for (const std::string& file : input_.all) {
      if (absl::EndsWith(file, "/labelmap.txt")) {
        ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
        ASSIGN_OR_RETURN(names_, Within(file, ParseLabelMap(text)));
      } else if (absl::EndsWith(file, "/ImageSets/Segmentation/val.txt")) {
        ASSIGN_OR_RETURN(validates_, ReadStems(file));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<ForeignPicture> ReadPicture(const std::string& file) {
    const std::string objects_part = "/SegmentationObject/";
    std::string class_file = file, stem = file.substr(0, file.rfind('.'));
    const size_t at = file.rfind(objects_part);
    class_file.replace(at, objects_part.size(), "/SegmentationClass/");
    stem.replace(at, objects_part.size(), "/JPEGImages/");
    ForeignPicture picture;
    picture.source = file;
    ASSIGN_OR_RETURN(picture.path, input_.pictures->FindStem(stem));
    ASSIGN_OR_RETURN(PngLabels objects, ReadLabels(file));
    ASSIGN_OR_RETURN(PngLabels classes, ReadLabels(class_file));
    if (objects.height != classes.height || objects.width != classes.width) {
      return absl::InvalidArgumentError(
          absl::StrCat(class_file, " has another size"));
    }
    if (names_.empty()) {
      RETURN_IF_ERROR(ColorsToVocLabels(&objects));
      RETURN_IF_ERROR(ColorsToVocLabels(&classes));
    }
    picture.height = objects.height;
    picture.width = objects.width;
    picture.validates = validates_.count(StemOf(file)) > 0;
    for (auto& [label, mask] : MasksOfLabels(objects)) {
      if (label == kVoid && !objects.colors) continue;
      ForeignObject object;
      object.where = absl::StrCat("object ", label);
      ASSIGN_OR_RETURN(object.name, ClassOf(objects, label, classes));
      if (object.name.empty()) continue;
      set_->AddClass(object.name);  // though another object may be wrong
      object.mask = std::move(mask);
      picture.objects.push_back(std::move(object));
    }
    return picture;
  }

  // "": background or void.
  absl::StatusOr<std::string> ClassOf(const PngLabels& objects, uint32_t label,
                                      const PngLabels& classes) const {
    std::map<uint32_t, int64_t> pixels;
    for (size_t i = 0; i < objects.labels.size(); ++i) {
      if (objects.labels[i] == label) ++pixels[classes.labels[i]];
    }
    const auto most = std::max_element(
        pixels.begin(), pixels.end(),
        [](const auto& a, const auto& b) { return a.second < b.second; });
    const uint32_t number = most->first;
    if (!names_.empty()) {
      const auto name = names_.find(number);
      if (name != names_.end()) {
        return name->second == "background" ? "" : name->second;
      }
    } else if (number == 0 || number == kVoid) {
      return "";
    } else if (number <= kVocClasses.size()) {
      return kVocClasses[number - 1];
    }
    return absl::InvalidArgumentError(
        absl::StrCat("object ", label, " is of class ", number, ", expected ",
                     names_.empty() ? "1 to 20" : "a colour of labelmap.txt"));
  }

  const ReaderInput& input_;
  ForeignSet* const set_;
  std::map<uint32_t, std::string> names_;  // by colour; empty: VOC's
  std::set<std::string> validates_;        // stems
};

bool IsNumber(absl::string_view text) {
  return !text.empty() && absl::c_all_of(text, absl::ascii_isdigit);
}

// What stands behind a picture's stem and _.
std::optional<MaskName> ParseTail(absl::string_view tail) {
  MaskName name;
  name.single = true;
  if (IsNumber(tail)) return name;
  const size_t first = tail.find('_'), last = tail.rfind('_');
  if (first == tail.npos) return std::nullopt;
  // A class may end with a number, "bolt_4", sooner than begin with one.
  if (IsNumber(tail.substr(0, first)) && first + 1 < tail.size()) {
    name.class_name = std::string(tail.substr(first + 1));
    return name;
  }
  if (!IsNumber(tail.substr(last + 1)) || last == 0) return std::nullopt;
  name.class_name = std::string(tail.substr(0, last));
  return name;
}

class MaskReader {
 public:
  MaskReader(const ReaderInput& input, ForeignSet* set)
      : input_(input), set_(set) {}

  absl::Status Read() {
    for (const std::string& file : input_.all) {
      if (!HasPictureName(file) || absl::StrContains(file, "/masks/")) continue;
      if (!by_stem_.emplace(StemOf(file), set_->pictures.size()).second) {
        return absl::InvalidArgumentError(absl::StrCat(
            file, ": a second picture of that name, expected one each"));
      }
      ForeignPicture picture;
      picture.source = picture.path = file;
      set_->pictures.push_back(std::move(picture));
    }
    for (const std::string& file : input_.files) {
      const absl::Status status = ReadMask(file);
      if (!status.ok()) {
        set_->problems.errors.Add(std::string(status.message()));
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadMask(const std::string& file) {
    const std::optional<MaskName> name = ParseMaskName(
        StemOf(file),
        [&](const std::string& stem) { return by_stem_.count(stem) > 0; });
    if (!name.has_value()) {
      return absl::NotFoundError(absl::StrCat(
          file,
          ": no picture is called like it; expected masks/<picture>.png, "
          "<picture>_<number>.png or <picture>_<number>_<class>.png"));
    }
    ASSIGN_OR_RETURN(PngLabels labels, ReadLabels(file));
    ForeignPicture& picture = set_->pictures[by_stem_[name->picture]];
    if (picture.height >= 0 &&
        (picture.height != labels.height || picture.width != labels.width)) {
      return absl::InvalidArgumentError(absl::StrCat(
          file, ": ", labels.width, " x ", labels.height, ", other masks of ",
          picture.path, " are ", picture.width, " x ", picture.height));
    }
    picture.height = labels.height;
    picture.width = labels.width;
    AddObjects(file, *name, std::move(labels), &picture);
    return absl::OkStatus();
  }

  void AddObjects(const std::string& file, const MaskName& name,
                  PngLabels labels, ForeignPicture* picture) {
    if (name.single) {
      for (uint32_t& label : labels.labels) label = label != 0 ? 1 : 0;
    }
    std::map<uint32_t, Rle> masks = MasksOfLabels(labels);
    if (masks.size() > 1 && !labels.colors) masks.erase(kVoid);
    const std::string class_name = ClassOf(file, name);
    set_->AddClass(class_name);
    if (masks.empty()) {
      set_->notes.Add("masks without a pixel", file);
    }
    if (!name.single && masks.size() == 1 &&
        RleToPolygons(masks.begin()->second).size() > 1) {
      set_->notes.Add(
          "masks of one number in several places, taken as one object each",
          file);
    }
    for (auto& [label, mask] : masks) {
      ForeignObject object;
      object.name = class_name;
      object.mask = std::move(mask);
      object.where = absl::StrCat(file, " object ", label);
      picture->objects.push_back(std::move(object));
    }
  }

  static std::string ClassOf(const std::string& file, const MaskName& name) {
    const std::string masks_part = "/masks/";
    if (!name.class_name.empty()) return name.class_name;
    const std::string below =
        file.substr(file.rfind(masks_part) + masks_part.size());
    const size_t slash = below.find('/');
    return slash == below.npos ? "object" : below.substr(0, slash);
  }

  const ReaderInput& input_;
  ForeignSet* const set_;
  std::map<std::string, size_t> by_stem_;  // position of the picture
};

}  // namespace

absl::Status ReadVoc(const ReaderInput& input, ForeignSet* set) {
  return VocReader(input, set).Read();
}

std::optional<MaskName> ParseMaskName(
    absl::string_view stem,
    const std::function<bool(const std::string&)>& has) {
  MaskName whole;
  whole.picture = std::string(stem);
  if (has(whole.picture)) return whole;
  for (size_t at = stem.rfind('_'); at != stem.npos && at > 0;
       at = stem.rfind('_', at - 1)) {
    const std::string picture(stem.substr(0, at));
    if (!has(picture)) continue;
    std::optional<MaskName> name = ParseTail(stem.substr(at + 1));
    if (name.has_value()) name->picture = picture;
    return name;
  }
  return std::nullopt;
}

absl::Status ReadMasks(const ReaderInput& input, ForeignSet* set) {
  return MaskReader(input, set).Read();
}

}  // namespace fcis::data
