#include "fcis/data/convert/find_format.h"

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/data/convert/read_coco.h"
#include "fcis/data/convert/read_label_pictures.h"
#include "fcis/data/convert/read_label_studio.h"
#include "fcis/data/convert/read_labelme.h"
#include "fcis/data/convert/read_sbd.h"
#include "fcis/data/convert/read_yolo.h"
#include "fcis/data/json/json_scanner.h"
#include "fcis/data/json/open_json.h"

namespace fcis::data {
namespace {

struct Format {
  const char* name;
  bool is_json;
  absl::Status (*read)(const ReaderInput& input, ForeignSet* set);
};

// In the order of ForeignFormat.
constexpr Format kFormats[] = {
    {"coco", true, ReadCoco},
    {"labelme", true, ReadLabelme},
    {"label_studio", true, ReadLabelStudio},
    {"yolo", false, ReadYolo},
    {"voc", false, ReadVoc},
    {"sbd", false, ReadSbd},
    {"masks", false, ReadMasks},
};

const Format& Of(ForeignFormat format) {
  return kFormats[static_cast<size_t>(format)];
}

// What is no format of ours, and what to do about it.
constexpr char kXml[] =
    "XML annotations; export them in COCO's format (CVAT: \"COCO 1.0\")";
constexpr char kMat[] =
    "a file of MATLAB; SBD's are read from its folder inst/, beside img/";
constexpr char kResults[] =
    "results of a detector, which are no annotations (score takes them)";
constexpr char kMin[] =
    "Label Studio's JSON_MIN, which does not say what regions are; export JSON "
    "there";
constexpr char kCaptions[] =
    "COCO's format without \"categories\", as captions have it";
constexpr char kVia[] = "a project of VIA; export it there in COCO's format";

struct JsonKeys {
  // A list: they are of its first element.
  bool object = false, list = false;
  std::vector<std::string> keys;
  absl::Status status;  // why there may be more

  bool Has(const char* key) const {
    for (const std::string& one : keys) {
      if (one == key) return true;
    }
    return false;
  }
};

JsonKeys KeysOf(const std::string& path) {
  JsonKeys found;
  const auto file = OpenJson(path);
  found.status = file.status();
  if (!file.ok()) return found;
  JsonScanner json((*file)->bytes());
  const auto read = [&] {
    return json.ReadObject([&](absl::string_view key) {
      found.keys.emplace_back(key);
      return json.Skip();
    });
  };
  found.object = json.Peek() == JsonScanner::Kind::kObject;
  found.list = json.Peek() == JsonScanner::Kind::kArray;
  bool enough = false;
  if (found.object) {
    enough = read() && json.ReadEnd();
  } else {
    json.ReadArray([&] {
      enough = read();
      return enough && json.Fail("the first is enough");
    });
  }
  if (!enough) found.status = json.status();
  return found;
}

bool IsCocoLike(const JsonKeys& json) {
  return json.object && json.Has("images") && json.Has("annotations");
}

std::optional<ForeignFormat> FormatOf(const JsonKeys& json) {
  if (json.object) {
    if (json.Has("shapes")) return ForeignFormat::kLabelme;
    if (IsCocoLike(json) && json.Has("categories")) return ForeignFormat::kCoco;
  } else if (json.Has("data") &&
             (json.Has("annotations") || json.Has("completions"))) {
    return ForeignFormat::kLabelStudio;
  }
  return std::nullopt;
}

class Sorter {
 public:
  void Take(const std::string& file) {
    const std::string name = absl::AsciiStrToLower(file);
    if (absl::EndsWith(name, ".json") || absl::EndsWith(name, ".json.gz")) {
      TakeJson(file);
    } else if (absl::EndsWith(name, ".txt")) {
      // labelImg has its list of classes beside the labels, labelme's users one
      // in any folder.
      if (absl::StrContains(file, "/labels/") &&
          !absl::EndsWith(name, "/classes.txt") &&
          !absl::EndsWith(name, "/labels.txt")) {
        Add(ForeignFormat::kYolo, file);
      }
    } else if (absl::EndsWith(name, ".png")) {
      if (absl::StrContains(file, "/SegmentationObject/")) {
        Add(ForeignFormat::kVoc, file);
      } else if (absl::StrContains(file, "/masks/")) {
        Add(ForeignFormat::kMasks, file);
      }
    } else if (absl::EndsWith(name, ".xml")) {
      others_.emplace(kXml, file);
    } else if (absl::EndsWith(name, ".mat")) {
      if (absl::StrContains(file, "/inst/")) {
        Add(ForeignFormat::kSbd, file);
      } else {
        others_.emplace(kMat, file);
      }
    }
  }

  std::map<ForeignFormat, std::vector<std::string>>& found() { return found_; }
  const std::vector<std::string>& damaged() const { return damaged_; }

  std::string Others() const {
    std::string text;
    for (const auto& [what, file] : others_) {
      absl::StrAppend(&text, "\n  ", file, ": ", what);
    }
    return text;
  }

 private:
  void TakeJson(const std::string& file) {
    const JsonKeys keys = KeysOf(file);
    if (const auto format = FormatOf(keys); format.has_value()) {
      Add(*format, file);
    } else if (keys.status.ok() && IsCocoLike(keys)) {
      others_.emplace(kCaptions, file);
    } else if (!keys.object && keys.Has("annotation_id")) {
      others_.emplace(kMin, file);
    } else if (keys.Has("_via_img_metadata")) {
      others_.emplace(kVia, file);
    } else if (!keys.object && keys.Has("score") && keys.Has("image_id")) {
      others_.emplace(kResults, file);
    } else if (!keys.status.ok()) {
      others_.emplace(std::string(keys.status.message()), file);
      // A list of something else is no object either.
      if (!keys.list) {
        damaged_.push_back(absl::StrCat(
            absl::StartsWith(keys.status.message(), file) ? "" : file + ": ",
            keys.status.message()));
      }
    }
  }
  void Add(ForeignFormat format, const std::string& file) {
    found_[format].push_back(file);
  }

  std::map<ForeignFormat, std::vector<std::string>> found_;
  std::map<std::string, std::string> others_;  // a file of each
  std::vector<std::string> damaged_;
};

}  // namespace

std::vector<std::string> ForeignFormatNames() {
  std::vector<std::string> names;
  for (const Format& format : kFormats) names.emplace_back(format.name);
  return names;
}

absl::string_view NameOf(ForeignFormat format) { return Of(format).name; }

bool IsJson(ForeignFormat format) { return Of(format).is_json; }

absl::Status ReadFormat(ForeignFormat format, const ReaderInput& input,
                        ForeignSet* set) {
  return Of(format).read(input, set);
}

absl::StatusOr<FoundFormat> FindFormat(const std::string& root,
                                       const std::vector<std::string>& files,
                                       absl::string_view forced) {
  Sorter sorter;
  for (const std::string& file : files) sorter.Take(file);
  std::vector<std::string> candidates;
  std::optional<ForeignFormat> chosen;
  for (const auto& [format, of_format] : sorter.found()) {
    if (!forced.empty() && NameOf(format) != forced) continue;
    chosen = format;
    candidates.push_back(
        absl::StrCat("\n  --from ", NameOf(format), ": ", of_format[0]));
  }
  if (candidates.size() == 1) {
    FoundFormat found{*chosen, std::move(sorter.found()[*chosen]), {}};
    if (IsJson(*chosen)) found.damaged = sorter.damaged();
    return found;
  }
  if (candidates.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(root, ": files of several formats; choose one:",
                     absl::StrJoin(candidates, "")));
  }
  return absl::NotFoundError(absl::StrCat(
      root, ": no annotations ",
      forced.empty() ? "that are known" : absl::StrCat("of ", forced),
      "; expected COCO's, labelme's or Label Studio's JSON, YOLO's "
      "labels/*.txt "
      "and images/, Pascal VOC's SegmentationObject/ and SegmentationClass/, "
      "SBD's inst/*.mat and img/, or masks/*.png",
      sorter.Others()));
}

}  // namespace fcis::data
