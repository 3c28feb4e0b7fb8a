#include "fcis/data/convert/read_label_studio.h"

#include <cstddef>
#include <map>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/data/coco/record_id.h"
#include "fcis/data/coco/record_reader.h"
#include "fcis/data/convert/label_studio_rle.h"
#include "fcis/data/convert/shapes.h"
#include "fcis/data/json/json_scanner.h"
#include "fcis/data/json/open_json.h"
#include "fcis/data/loader/similar_file.h"

namespace fcis::data {
namespace {

using Kind = JsonScanner::Kind;

// One of an annotation's "result".
struct Region {
  std::string id, type, label;
  bool more_labels = false;
  double height = 0, width = 0, rotation = 0;  // of the picture
  std::map<std::string, double> numbers;       // x, y, radiusX, ... in percent
  std::vector<double> points;                  // in percent
  std::vector<uint8_t> rle;
};

bool ReadTextOrSkip(JsonScanner& json, std::string& value) {
  return json.Peek() == Kind::kString ? ReadText(json, value) : json.Skip();
}

bool ReadDoubleOrSkip(JsonScanner& json, double& value) {
  return json.Peek() == Kind::kNumber ? json.ReadNumber(value) : json.Skip();
}

bool ReadBytes(JsonScanner& json, std::vector<uint8_t>& bytes) {
  return json.ReadArray([&] {
    JsonNumber number;
    if (!json.ReadNumber(number)) return false;
    if (!number.integral || number.integer < 0 || number.integer > 255) {
      return json.Fail("\"rle\": expected bytes, 0 to 255");
    }
    bytes.push_back(static_cast<uint8_t>(number.integer));
    return true;
  });
}

// The first label of a list.
bool ReadLabels(JsonScanner& json, Region& region) {
  if (json.Peek() != Kind::kArray) return json.Skip();
  return json.ReadArray([&] {
    if (region.label.empty()) return ReadTextOrSkip(json, region.label);
    region.more_labels = true;
    return json.Skip();
  });
}

bool ReadValue(JsonScanner& json, Region& region) {
  return json.ReadObject([&](absl::string_view key) {
    if (key == "points" && json.Peek() == Kind::kArray) {
      return json.ReadArray([&] { return json.ReadNumbers(region.points); });
    }
    if (key == "rle" && json.Peek() == Kind::kArray) {
      return ReadBytes(json, region.rle);
    }
    if (key == "labels" || absl::EndsWith(key, "labels")) {
      return ReadLabels(json, region);
    }
    const std::string name(key);
    return json.Peek() == Kind::kNumber ? json.ReadNumber(region.numbers[name])
                                        : json.Skip();
  });
}

bool ReadRegion(JsonScanner& json, Region& region) {
  return json.ReadObject([&](absl::string_view key) {
    if (key == "id") return ReadTextOrSkip(json, region.id);
    if (key == "type") return ReadTextOrSkip(json, region.type);
    if (key == "original_height") return ReadDoubleOrSkip(json, region.height);
    if (key == "original_width") return ReadDoubleOrSkip(json, region.width);
    if (key == "image_rotation") {
      return ReadDoubleOrSkip(json, region.rotation);
    }
    if (key != "value" || json.Peek() != Kind::kObject) return json.Skip();
    return ReadValue(json, region);
  });
}

struct Annotation {
  bool cancelled = false;
  std::vector<Region> regions;
};

bool ReadAnnotation(JsonScanner& json, Annotation& annotation) {
  return json.ReadObject([&](absl::string_view key) {
    if (key == "was_cancelled" && json.Peek() == Kind::kBool) {
      return json.ReadBool(annotation.cancelled);
    }
    if (key != "result" || json.Peek() != Kind::kArray) return json.Skip();
    return json.ReadArray(
        [&] { return ReadRegion(json, annotation.regions.emplace_back()); });
  });
}

// "data": the picture is under "image", else the first text.
bool ReadData(JsonScanner& json, std::string& image) {
  return json.ReadObject([&](absl::string_view key) {
    if (key == "image") return ReadTextOrSkip(json, image);
    std::string other;
    if (!ReadTextOrSkip(json, other)) return false;
    if (image.empty()) image = other;
    return true;
  });
}

class TaskMaker {
 public:
  TaskMaker(LabelStudioTask* task, ConversionNotes* notes)
      : task_(task), notes_(notes) {}

  void Take(const std::vector<Annotation>& annotations) {
    const Annotation* taken = nullptr;
    for (const Annotation& annotation : annotations) {
      if (annotation.cancelled) continue;
      if (taken == nullptr) {
        taken = &annotation;
      } else {
        notes_->Add("further annotations of a task, left out", task_->id);
      }
    }
    if (taken == nullptr) {
      notes_->Add(
          "tasks that nobody has annotated, left out (an annotation without a "
          "region makes background)",
          task_->id);
      return;
    }
    task_->annotated = true;
    for (Region region : taken->regions) {
      if (IsLabelOfOutline(region, taken->regions)) continue;
      if (region.label.empty()) region.label = LabelOf(region, taken->regions);
      const absl::Status status = Add(region);
      if (status.ok()) continue;
      task_->fault = absl::StrCat("region ", region.id, ": ", status.message());
      return;
    }
  }

 private:
  static bool IsOutline(const Region& region) {
    static const char* const kTypes[] = {
        "polygonlabels", "rectanglelabels", "ellipselabels", "brushlabels",
        "polygon",       "rectangle",       "ellipse",       "brush"};
    return absl::c_linear_search(kTypes, region.type);
  }

  // <Labels> beside <Polygon> and the like: two regions of one id, of which one
  // has the outline and the other the label.
  static bool IsLabelOfOutline(const Region& region,
                               const std::vector<Region>& all) {
    return region.type == "labels" && !region.label.empty() &&
           absl::c_any_of(all, [&](const Region& other) {
             return other.id == region.id && IsOutline(other);
           });
  }
  static std::string LabelOf(const Region& region,
                             const std::vector<Region>& all) {
    for (const Region& other : all) {
      if (other.id == region.id && other.type == "labels") return other.label;
    }
    return "";
  }

  absl::Status Add(const Region& region) {
    const std::string where =
        absl::StrCat("task ", task_->id, " region ", region.id);
    if (!IsOutline(region)) {
      notes_->Add(
          absl::StrCat("regions of type \"", region.type, "\", left out"),
          where);
      return absl::OkStatus();
    }
    if (region.label.empty()) {
      notes_->Add("regions without a label, left out", where);
      return absl::OkStatus();
    }
    if (region.more_labels) {
      notes_->Add("regions of several labels, of which the first counts",
                  where);
    }
    RETURN_IF_ERROR(TakeSize(region));
    ForeignObject object;
    object.name = region.label;
    object.where = where;
    RETURN_IF_ERROR(SetOutline(region, &object));
    task_->objects.push_back(std::move(object));
    return absl::OkStatus();
  }

  absl::Status TakeSize(const Region& region) {
    constexpr double kMost = 1 << 20;
    if (region.rotation != 0) {
      return absl::InvalidArgumentError(
          "the picture was turned in Label Studio; expected image_rotation 0");
    }
    if (!(region.height >= 1 && region.height <= kMost && region.width >= 1 &&
          region.width <= kMost)) {
      return absl::InvalidArgumentError(
          "expected original_height and original_width");
    }
    task_->height = static_cast<int64_t>(region.height);
    task_->width = static_cast<int64_t>(region.width);
    return absl::OkStatus();
  }

  absl::Status SetOutline(const Region& region, ForeignObject* object) const {
    if (absl::StartsWith(region.type, "brush")) {
      ASSIGN_OR_RETURN(
          object->mask,
          DecodeLabelStudioRle(region.rle, task_->height, task_->width));
      return absl::OkStatus();
    }
    if (absl::StartsWith(region.type, "polygon")) {
      if (region.points.size() < 6 || region.points.size() % 2 != 0) {
        return absl::InvalidArgumentError("a polygon without three points");
      }
      Polygon polygon = region.points;
      for (size_t i = 0; i < polygon.size(); ++i) {
        polygon[i] *= (i % 2 == 0 ? task_->width : task_->height) / 100.0;
      }
      object->polygons.push_back(std::move(polygon));
      return absl::OkStatus();
    }
    return SetTurned(region, object);
  }

  // A rectangle is turned about its first corner, an ellipse about its centre.
  absl::Status SetTurned(const Region& region, ForeignObject* object) const {
    const bool rectangle = absl::StartsWith(region.type, "rectangle");
    std::vector<double> values;
    for (const char* key : {"x", "y", rectangle ? "width" : "radiusX",
                            rectangle ? "height" : "radiusY"}) {
      const auto number = region.numbers.find(key);
      if (number == region.numbers.end()) {
        return absl::InvalidArgumentError(absl::StrCat("no \"", key, "\""));
      }
      const bool across = values.size() % 2 == 0;
      values.push_back(number->second *
                       (across ? task_->width : task_->height) / 100.0);
    }
    const double x = values[0], y = values[1], w = values[2], h = values[3];
    const Polygon straight = rectangle ? RectanglePolygon(x, y, x + w, y + h)
                                       : EllipsePolygon(x, y, w, h);
    const auto rotation = region.numbers.find("rotation");
    const double degrees =
        rotation == region.numbers.end() ? 0 : rotation->second;
    object->polygons = {Rotated(straight, degrees, x, y)};
    return absl::OkStatus();
  }

  LabelStudioTask* const task_;
  ConversionNotes* const notes_;
};

bool ReadTask(JsonScanner& json, LabelStudioTask& task,
              ConversionNotes* notes) {
  std::vector<Annotation> annotations;
  const bool read = json.ReadObject([&](absl::string_view key) {
    if (key == "id") {
      RecordId id;
      if (!ReadRecordId(json, id)) return false;
      task.id = id.ToPlain();
      return true;
    }
    if (key == "data" && json.Peek() == Kind::kObject) {
      return ReadData(json, task.image);
    }
    if ((key != "annotations" && key != "completions") ||
        json.Peek() != Kind::kArray) {
      return json.Skip();
    }
    return json.ReadArray(
        [&] { return ReadAnnotation(json, annotations.emplace_back()); });
  });
  if (read) TaskMaker(&task, notes).Take(annotations);
  return read;
}

absl::StatusOr<ForeignPicture> PictureOf(const ReaderInput& input,
                                         const std::string& file,
                                         LabelStudioTask task) {
  if (!task.fault.empty()) return absl::InvalidArgumentError(task.fault);
  const auto path =
      input.pictures->Find(LabelStudioPath(task.image), DirectoryOf(file));
  if (!path.ok()) {
    return absl::NotFoundError(absl::StrCat(path.status().message(),
                                            ", which the task calls \"",
                                            task.image, "\""));
  }
  ForeignPicture picture;
  picture.source = file;
  picture.path = *path;
  picture.height = task.height;
  picture.width = task.width;
  picture.objects = std::move(task.objects);
  return picture;
}

}  // namespace

absl::string_view LabelStudioPath(absl::string_view image) {
  constexpr absl::string_view kLocal = "?d=";
  const size_t local = image.find(kLocal);
  if (local != image.npos) return image.substr(local + kLocal.size());
  image = image.substr(0, image.find('?'));
  const size_t scheme = image.find("://");
  return scheme == image.npos ? image : image.substr(scheme + 3);
}

absl::StatusOr<std::vector<LabelStudioTask>> ParseLabelStudio(
    absl::string_view text, ConversionNotes* notes) {
  std::vector<LabelStudioTask> tasks;
  JsonScanner json(text);
  const bool read = json.ReadArray(
      [&] { return ReadTask(json, tasks.emplace_back(), notes); });
  if (!read || !json.ReadEnd()) return json.status();
  return tasks;
}

absl::Status ReadLabelStudio(const ReaderInput& input, ForeignSet* set) {
  for (const std::string& file : input.files) {
    ASSIGN_OR_RETURN(const auto text, OpenJson(file));
    ASSIGN_OR_RETURN(
        std::vector<LabelStudioTask> tasks,
        Within(file, ParseLabelStudio(text->bytes(), &set->notes)));
    for (LabelStudioTask& task : tasks) {
      if (!task.annotated) continue;
      const std::string where = absl::StrCat("task ", task.id);
      set->Take(file, Within(where, PictureOf(input, file, std::move(task))));
    }
  }
  return absl::OkStatus();
}

}  // namespace fcis::data
