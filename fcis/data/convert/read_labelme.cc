#include "fcis/data/convert/read_labelme.h"

#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/data/coco/record_reader.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/codec/png.h"
#include "fcis/data/convert/shapes.h"
#include "fcis/data/json/json_scanner.h"
#include "fcis/data/json/open_json.h"

namespace fcis::data {
namespace {

struct Shape {
  bool has_label = false;
  std::string label, type = "polygon";
  std::optional<double> group;
  std::vector<double> points;  // x0, y0, ...
  std::string mask;            // base64
};

bool ReadTextOrNull(JsonScanner& json, std::string& value) {
  return json.Peek() == JsonScanner::Kind::kNull ? json.Skip()
                                                 : ReadText(json, value);
}

bool ReadPoints(JsonScanner& json, std::vector<double>& points) {
  return json.ReadArray([&] {
    const size_t before = points.size();
    return json.ReadNumbers(points) &&
           (points.size() == before + 2 || json.Fail("a point is not [x, y]"));
  });
}

bool ReadShape(JsonScanner& json, Shape& shape) {
  return json.ReadObject([&](absl::string_view key) {
    if (key == "label") {
      shape.has_label = true;
      return ReadTextOrNull(json, shape.label);
    }
    if (key == "shape_type") return ReadTextOrNull(json, shape.type);
    if (key == "mask") return ReadTextOrNull(json, shape.mask);
    if (key == "points") return ReadPoints(json, shape.points);
    if (key != "group_id" || json.Peek() != JsonScanner::Kind::kNumber) {
      return json.Skip();
    }
    return json.ReadNumber(shape.group.emplace());
  });
}

// labelme's and X-AnyLabeling's rectangles that are turned, by their corners.
bool IsTurned(absl::string_view type) {
  return type == "oriented_rectangle" || type == "rotation";
}

// The polygon of a shape that has an area; "": `fault`.
absl::StatusOr<Polygon> PolygonOf(const Shape& shape) {
  const std::vector<double>& p = shape.points;
  // X-AnyLabeling's rectangles have all four corners.
  const bool polygon = shape.type == "polygon" || IsTurned(shape.type) ||
                       (shape.type == "rectangle" && p.size() == 8);
  const size_t wanted = polygon ? 6 : 4;
  if (p.size() < wanted || (wanted == 4 && p.size() != wanted)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a ", shape.type, " of ", p.size() / 2, " points"));
  }
  if (polygon) return p;
  if (shape.type == "rectangle")
    return RectanglePolygon(p[0], p[1], p[2], p[3]);
  const double radius = std::hypot(p[2] - p[0], p[3] - p[1]);
  return EllipsePolygon(p[0], p[1], radius, radius);
}

// The picture's mask of a shape that brings its pixels, those of the rectangle
// between its two points, which belong to it.
absl::StatusOr<Rle> MaskOf(const Shape& shape, int64_t height, int64_t width) {
  std::string png;
  if (!absl::Base64Unescape(shape.mask, &png)) {
    return absl::InvalidArgumentError("\"mask\" is not base64");
  }
  RETURN_IF_ERROR(CheckMaskSize(height, width));
  ASSIGN_OR_RETURN(const Image image, DecodePng(png, kDefaultMaxPixels));
  constexpr double kFar = 1 << 20;
  if (shape.points.size() < 2 || !(std::abs(shape.points[0]) < kFar) ||
      !(std::abs(shape.points[1]) < kFar)) {
    return absl::InvalidArgumentError("a mask without a place");
  }
  std::vector<uint8_t> bits(image.pixels.size() / 3);
  for (size_t i = 0; i < bits.size(); ++i) bits[i] = image.pixels[3 * i];
  MaskPatch patch{bits.data(), image.height, image.width,
                  static_cast<int>(std::lround(shape.points[1])),
                  static_cast<int>(std::lround(shape.points[0]))};
  return EncodePatch(patch, static_cast<int>(height), static_cast<int>(width));
}

// Puts shapes together to objects.
class Assembler {
 public:
  Assembler(const std::string& source, LabelmeFile* file,
            ConversionNotes* notes)
      : source_(source), file_(file), notes_(notes) {}

  absl::Status Add(const Shape& shape, size_t index) {
    const std::string where = absl::StrCat("shapes[", index, "]");
    if (!shape.has_label || shape.label.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(where, ": no \"label\""));
    }
    const bool mask = shape.type == "mask";
    if (!mask && shape.type != "polygon" && shape.type != "rectangle" &&
        shape.type != "circle" && !IsTurned(shape.type)) {
      static const char* const kThin[] = {"line", "linestrip", "point",
                                          "points"};
      const bool thin = absl::c_linear_search(kThin, shape.type);
      notes_->Add(
          absl::StrCat("shapes of type ", shape.type,
                       thin ? ", which have no area" : "", ", left out"),
          absl::StrCat(source_, " ", where));
      return absl::OkStatus();
    }
    ForeignObject* object = ObjectOf(shape, where);
    return Within(where,
                  mask ? AddMask(shape, object) : AddPolygon(shape, object));
  }

 private:
  // Of a group, the one that it has.
  ForeignObject* ObjectOf(const Shape& shape, const std::string& where) {
    const size_t next = file_->objects.size();
    size_t at = next;
    if (shape.group.has_value()) {
      at = groups_.emplace(std::make_pair(shape.label, *shape.group), next)
               .first->second;
    }
    if (at == next) {
      file_->objects.emplace_back();
      file_->objects.back().name = shape.label;
      file_->objects.back().where = where;
    }
    return &file_->objects[at];
  }

  static absl::Status AddPolygon(const Shape& shape, ForeignObject* object) {
    ASSIGN_OR_RETURN(Polygon polygon, PolygonOf(shape));
    object->polygons.push_back(std::move(polygon));
    return absl::OkStatus();
  }

  absl::Status AddMask(const Shape& shape, ForeignObject* object) {
    ASSIGN_OR_RETURN(Rle mask, MaskOf(shape, file_->height, file_->width));
    object->mask = object->mask.counts.empty()
                       ? std::move(mask)
                       : MergeRles({object->mask, mask}, MergeMode::kUnion);
    return absl::OkStatus();
  }

  const std::string& source_;
  LabelmeFile* const file_;
  ConversionNotes* const notes_;
  std::map<std::pair<std::string, double>, size_t> groups_;
};

bool ReadSide(JsonScanner& json, int64_t& side) {
  JsonNumber number;
  if (json.Peek() != JsonScanner::Kind::kNumber) return json.Skip();
  if (!json.ReadNumber(number)) return false;
  if (number.integral && number.integer > 0) side = number.integer;
  return true;
}

bool IsPicture(const std::string& bytes) {
  return IsPng(bytes) || IsJpeg(bytes);
}

absl::StatusOr<ImageSize> SizeOf(const std::string& bytes) {
  return IsPng(bytes) ? PngSize(bytes, kDefaultMaxPixels)
                      : JpegSize(bytes, kDefaultMaxPixels);
}

absl::StatusOr<std::string> EmbeddedPicture(const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, OpenJson(path));
  ConversionNotes unused;
  ASSIGN_OR_RETURN(LabelmeFile read,
                   ParseLabelme(file->bytes(), path, &unused));
  return std::move(read.image_data);
}

// Where the pixels are: in a file, or embedded.
absl::Status TakePicture(const ReaderInput& input, const LabelmeFile& file,
                         ForeignPicture* picture) {
  const std::string& source = picture->source;
  absl::StatusOr<std::string> path =
      input.pictures->Find(file.image_path, DirectoryOf(source));
  if (!path.ok()) {
    const auto beside = input.pictures->FindStem(
        absl::StrCat(DirectoryOf(source), "/", StemOf(source)));
    if (beside.ok()) path = beside;
  }
  if (path.ok()) {
    picture->path = *path;
    return absl::OkStatus();
  }
  if (!IsPicture(file.image_data)) return path.status();
  ASSIGN_OR_RETURN(const ImageSize size, SizeOf(file.image_data));
  if ((file.height >= 0 && file.height != size.height) ||
      (file.width >= 0 && file.width != size.width)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the embedded picture is ", size.width, "x", size.height,
        " (width x height), but \"imageWidth\" and \"imageHeight\" are ",
        file.width, "x", file.height));
  }
  picture->height = size.height;
  picture->width = size.width;
  picture->name =
      absl::StrCat(StemOf(source), IsPng(file.image_data) ? ".png" : ".jpg");
  picture->embedded = [source] { return EmbeddedPicture(source); };
  return absl::OkStatus();
}

absl::StatusOr<ForeignPicture> ReadPicture(const ReaderInput& input,
                                           const std::string& source,
                                           absl::string_view text,
                                           ConversionNotes* notes) {
  ASSIGN_OR_RETURN(LabelmeFile file, ParseLabelme(text, source, notes));
  ForeignPicture picture;
  picture.source = source;
  picture.height = file.height;
  picture.width = file.width;
  RETURN_IF_ERROR(TakePicture(input, file, &picture));
  picture.objects = std::move(file.objects);
  return picture;
}

}  // namespace

absl::StatusOr<LabelmeFile> ParseLabelme(absl::string_view text,
                                         const std::string& source,
                                         ConversionNotes* notes) {
  LabelmeFile file;
  std::vector<Shape> shapes;
  bool has_shapes = false;
  JsonScanner json(text);
  const bool read = json.ReadObject([&](absl::string_view key) {
    if (key == "imagePath") return ReadTextOrNull(json, file.image_path);
    if (key == "imageHeight") return ReadSide(json, file.height);
    if (key == "imageWidth") return ReadSide(json, file.width);
    if (key == "imageData") {
      std::string data;
      return ReadTextOrNull(json, data) &&
             (absl::Base64Unescape(data, &file.image_data) ||
              json.Fail("\"imageData\" is not base64"));
    }
    if (key != "shapes") return json.Skip();
    has_shapes = true;
    return json.ReadArray(
        [&] { return ReadShape(json, shapes.emplace_back()); });
  });
  if (!read || !json.ReadEnd()) return json.status();
  if (!has_shapes) {
    return absl::InvalidArgumentError("there is no list \"shapes\"");
  }
  Assembler assembler(source, &file, notes);
  for (size_t i = 0; i < shapes.size(); ++i) {
    RETURN_IF_ERROR(assembler.Add(shapes[i], i));
  }
  return file;
}

absl::Status ReadLabelme(const ReaderInput& input, ForeignSet* set) {
  for (const std::string& source : input.files) {
    ASSIGN_OR_RETURN(const auto text, OpenJson(source));
    set->Take(source, ReadPicture(input, source, text->bytes(), &set->notes));
  }
  return absl::OkStatus();
}

}  // namespace fcis::data
