#include "fcis/data/convert/write_set.h"

#include <filesystem>
#include <set>
#include <system_error>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/core/rle/rle_to_polygons.h"
#include "fcis/data/coco/coco_writer.h"
#include "fcis/data/convert/picture_finder.h"
#include "fcis/data/convert/reader_input.h"
#include "fcis/data/convert/shapes.h"
#include "fcis/data/json/json_writer.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;

int64_t ClassNumber(const ForeignSet& set, const std::string& name) {
  return absl::c_find(set.classes, name) - set.classes.begin();
}

std::vector<Polygon> OutlineOf(const ForeignObject& object) {
  return object.polygons.empty() ? RleToPolygons(object.mask) : object.polygons;
}

// Whether a format without crowds can have the object.
bool CanBeSaid(const ForeignPicture& picture, const ForeignObject& object,
               ConversionNotes* notes) {
  if (!object.crowd && !object.ignore) return true;
  notes->Add(
      "crowds and ignored objects, which the format does not know, left "
      "out",
      absl::StrCat(picture.source, " ", object.where));
  return false;
}

// A line of a label file, without its end.
std::string YoloLine(int64_t label, const Polygon& outline, int64_t height,
                     int64_t width) {
  std::string line = absl::StrCat(label);
  for (size_t i = 0; i < outline.size(); ++i) {
    const auto side = static_cast<double>(i % 2 == 0 ? width : height);
    absl::StrAppendFormat(&line, " %.7g", outline[i] / side);
  }
  return line;
}

// JSON's texts are YAML's, too.
std::string YoloYaml(const std::vector<std::string>& classes) {
  std::string yaml = "path: .\ntrain: images/train\nval: images/val\nnames:\n";
  for (size_t i = 0; i < classes.size(); ++i) {
    absl::StrAppendFormat(&yaml, "  %d: %s\n", i, ToJson(classes[i]));
  }
  return yaml;
}

std::string YoloPath(const std::string& directory, const std::string& name) {
  return fs::path(absl::StrCat(directory, "/labels/", name))
      .replace_extension(".txt")
      .string();
}

std::string LabelmePath(const PicturePlaces& places, const std::string& name) {
  return (fs::path(places.directory) / name)
      .replace_extension(".json")
      .string();
}

// Of pictures and files of the ending below a directory, all must be known.
absl::Status CheckLeftovers(const std::string& directory,
                            absl::string_view ending,
                            const std::set<std::string>& known) {
  std::error_code error;
  if (!fs::is_directory(directory, error)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<std::string> files, ListFiles(directory));
  std::vector<std::string> others;
  for (const std::string& file : files) {
    const bool read = HasPictureName(file) || absl::EndsWith(file, ending);
    if (read && known.count(file) == 0) others.push_back(file);
  }
  if (others.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      others[0],
      others.size() > 1 ? absl::StrCat(" and ", others.size() - 1, " more")
                        : "",
      " would be taken for a part of what is written beside it; expected a new "
      "--out, or one with the same pictures in the same parts"));
}

// `group`: 0 for an object of one part.
template <typename Writer>
void PutShape(const ForeignObject& object, const Polygon& polygon, int group,
              Writer& json) {
  PutObject(json, [&] {
    PutMember("label", object.name, json);
    json.Key("points");
    json.StartArray();
    for (size_t i = 0; i + 1 < polygon.size(); i += 2) {
      json.StartArray();
      PutJson(polygon[i], json);
      PutJson(polygon[i + 1], json);
      json.EndArray();
    }
    json.EndArray();
    json.Key("group_id");
    if (group > 0) {
      json.Int(group);
    } else {
      json.Null();
    }
    PutMember("shape_type", "polygon", json);
    PutObject("flags", json, [] {});
  });
}

std::string LabelmeJson(const ForeignPicture& picture, const std::string& name,
                        ConversionNotes* notes) {
  return PrettyJsonOf([&](auto& json) {
    PutObject(json, [&] {
      PutMember("version", "5.0.0", json);
      PutObject("flags", json, [] {});
      int groups = 0;
      PutArray("shapes", picture.objects, json,
               [&](const ForeignObject& object) {
                 if (!CanBeSaid(picture, object, notes)) return;
                 const std::vector<Polygon> parts = OutlineOf(object);
                 const int group = parts.size() > 1 ? ++groups : 0;
                 for (const Polygon& part : parts) {
                   PutShape(object, part, group, json);
                 }
               });
      PutMember("imagePath", name, json);
      json.Key("imageData");
      json.Null();
      PutMember("imageHeight", picture.height, json);
      PutMember("imageWidth", picture.width, json);
    });
  });
}

}  // namespace

absl::Status WriteCoco(const ForeignSet& set, const PicturePlaces& places,
                       const bool* validates, const std::string& path) {
  WrittenDataset dataset;
  for (const std::string& name : set.classes) {
    const auto id = static_cast<int64_t>(dataset.categories.size()) + 1;
    dataset.categories.push_back({id, name, ""});
  }
  std::vector<std::string> stems;
  for (const std::string& name : places.names) stems.push_back(StemOf(name));
  const std::vector<int64_t> ids = ImageIds(stems);
  for (size_t i = 0; i < set.pictures.size(); ++i) {
    const ForeignPicture& picture = set.pictures[i];
    if (validates != nullptr && picture.validates != *validates) continue;
    dataset.images.push_back({ids[i], places.names[i],
                              static_cast<int>(picture.height),
                              static_cast<int>(picture.width)});
    for (const ForeignObject& object : picture.objects) {
      const auto id = static_cast<int64_t>(dataset.annotations.size()) + 1;
      dataset.annotations.push_back(
          {id, ids[i], ClassNumber(set, object.name) + 1, object.mask,
           object.crowd, object.polygons, object.ignore});
    }
  }
  return WriteCocoDataset(path, dataset);
}

absl::Status CheckYoloLeftovers(const PicturePlaces& places,
                                const std::string& directory) {
  std::set<std::string> known;
  for (const std::string& name : places.names) {
    known.insert(absl::StrCat(places.directory, "/", name));
    known.insert(YoloPath(directory, name));
  }
  RETURN_IF_ERROR(CheckLeftovers(places.directory, ".txt", known));
  return CheckLeftovers(absl::StrCat(directory, "/labels"), ".txt", known);
}

absl::Status CheckLabelmeLeftovers(const PicturePlaces& places) {
  std::set<std::string> known;
  for (const std::string& name : places.names) {
    known.insert(absl::StrCat(places.directory, "/", name));
    known.insert(LabelmePath(places, name));
  }
  return CheckLeftovers(places.directory, ".json", known);
}

absl::Status WriteYolo(const PicturePlaces& places,
                       const std::string& directory, ForeignSet* set) {
  // All of them: data.yaml names them.
  for (const char* part :
       {"images/train", "images/val", "labels/train", "labels/val"}) {
    RETURN_IF_ERROR(MakeDirectories(absl::StrCat(directory, "/", part)));
  }
  for (size_t i = 0; i < set->pictures.size(); ++i) {
    const ForeignPicture& picture = set->pictures[i];
    std::string text;
    for (const ForeignObject& object : picture.objects) {
      if (!CanBeSaid(picture, object, &set->notes)) continue;
      absl::StrAppend(
          &text,
          YoloLine(ClassNumber(*set, object.name), Joined(OutlineOf(object)),
                   picture.height, picture.width),
          "\n");
    }
    RETURN_IF_ERROR(
        WriteFileAtomic(YoloPath(directory, places.names[i]), text));
  }
  return WriteFileAtomic(absl::StrCat(directory, "/data.yaml"),
                         YoloYaml(set->classes));
}

absl::Status WriteLabelme(const PicturePlaces& places, ForeignSet* set) {
  for (size_t i = 0; i < set->pictures.size(); ++i) {
    const std::string& name = places.names[i];
    RETURN_IF_ERROR(WriteFileAtomic(
        LabelmePath(places, name),
        LabelmeJson(set->pictures[i], fs::path(name).filename().string(),
                    &set->notes)));
  }
  return absl::OkStatus();
}

}  // namespace fcis::data
