#include "fcis/data/convert/complete_set.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/image/image.h"
#include "fcis/core/io/file.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/core/rle/rle_polygon.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/codec/orientation.h"
#include "fcis/data/convert/shapes.h"

namespace fcis::data {
namespace {

struct Note {
  std::string reason, example;
};

// A mask of the picture as it is stored, as it is shown.
absl::StatusOr<Rle> TurnedMask(int orientation, const Rle& mask) {
  Image stored(mask.height, mask.width);
  std::vector<uint8_t> bits(stored.pixels.size() / 3);
  RETURN_IF_ERROR(DecodeRowMajor(mask, absl::MakeSpan(bits)));
  for (size_t i = 0; i < bits.size(); ++i) stored.pixels[3 * i] = bits[i];
  const Image shown = ApplyOrientation(std::move(stored), orientation);
  for (size_t i = 0; i < bits.size(); ++i) bits[i] = shown.pixels[3 * i];
  return EncodeRowMajor(bits.data(), shown.height, shown.width);
}

// How far outside of the picture a vertex lies, in pixels.
double Outside(const Polygon& polygon, int height, int width) {
  double most = 0;
  for (size_t i = 0; i + 1 < polygon.size(); i += 2) {
    most = std::max({most, -polygon[i], polygon[i] - width, -polygon[i + 1],
                     polygon[i + 1] - height});
  }
  return most;
}

class PictureCompleter {
 public:
  explicit PictureCompleter(ForeignPicture* picture) : picture_(picture) {}

  // An error: the picture cannot be taken.
  absl::Status Run() {
    RETURN_IF_ERROR(FindSize());
    std::vector<ForeignObject> kept;
    for (ForeignObject& object : picture_->objects) {
      RETURN_IF_ERROR(Within(object.where, CompleteObject(&object)));
      if (RleArea(object.mask) > 0) {
        kept.push_back(std::move(object));
      } else {
        AddNote("objects without a pixel in their picture, left out", object);
      }
    }
    picture_->objects = std::move(kept);
    return absl::OkStatus();
  }

  std::vector<Note> notes;

 private:
  void AddNote(const char* reason, const ForeignObject& object) {
    notes.push_back(
        {reason, absl::StrCat(picture_->source, " ", object.where)});
  }

  // Sets the picture's size, and how it is to be turned.
  absl::Status FindSize() {
    if (picture_->path.empty()) return absl::OkStatus();  // the reader knows it
    ASSIGN_OR_RETURN(const ImageSize size, ReadImageSize(picture_->path));
    const int64_t height = std::exchange(picture_->height, size.height);
    const int64_t width = std::exchange(picture_->width, size.width);
    stored_height_ = size.height;
    stored_width_ = size.width;
    if ((height < 0 && width < 0) ||
        (height == size.height && width == size.width)) {
      return NoteIfUndecided();
    }
    if (height == size.width && width == size.height) {
      ASSIGN_OR_RETURN(orientation_, Orientation());
      if (orientation_ >= kFirstTransposed) {
        std::swap(stored_height_, stored_width_);
        notes.push_back(
            {"pictures that EXIF turns, outlines of the stored one "
             "were turned too",
             picture_->path});
        return absl::OkStatus();
      }
    }
    return absl::InvalidArgumentError(DescribeSizeMismatch(
        picture_->path, size.height, size.width, height, width));
  }

  absl::StatusOr<int> Orientation() const {
    ASSIGN_OR_RETURN(const auto file, MappedFile::Open(picture_->path));
    return JpegOrientation(file->bytes());
  }

  // The size does not tell whose outlines they are where it is the same before
  // and after.
  absl::Status NoteIfUndecided() {
    if (picture_->objects.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const int turned, Orientation());
    const bool same_size =
        turned < kFirstTransposed || picture_->relative || height() == width();
    if (turned != 1 && same_size) {
      notes.push_back(
          {"pictures that EXIF turns, outlines taken as those of the shown "
           "one, which their size does not tell; look whether they fit",
           picture_->path});
    }
    return absl::OkStatus();
  }

  absl::Status CompleteObject(ForeignObject* object) {
    if (object->polygons.empty()) return CompleteMask(object);
    std::vector<Polygon> parts;
    bool cut = false;
    for (Polygon& polygon : object->polygons) {
      RETURN_IF_ERROR(CompletePolygon(&polygon));
      constexpr double kSlack = 1;
      cut |= Outside(polygon, height(), width()) > kSlack;
      constexpr size_t kTriangle = 6;
      if (polygon.size() >= kTriangle) {
        polygon = ClipToPicture(polygon, height(), width());
      } else {
        AddNote("polygons of fewer than three points, dropped", *object);
      }
      if (polygon.size() >= kTriangle) parts.push_back(std::move(polygon));
    }
    if (cut) AddNote("objects cut off at the picture's border", *object);
    object->polygons = std::move(parts);
    return DrawMask(object);
  }

  // In pixels of the picture as it is shown.
  absl::Status CompletePolygon(Polygon* polygon) const {
    if (polygon->size() % 2 != 0) polygon->pop_back();
    if (picture_->relative) {
      for (size_t i = 0; i < polygon->size(); ++i) {
        (*polygon)[i] *= i % 2 == 0 ? width() : height();
      }
    }
    TurnVertices(turn(), stored_height_, stored_width_, *polygon);
    constexpr double kFar = 1e8;
    const bool good =
        absl::c_all_of(*polygon, [](double v) { return std::abs(v) < kFar; });
    return good ? absl::OkStatus()
                : absl::InvalidArgumentError("a coordinate is out of range");
  }

  // Where a reader brought pixels as well as polygons, both count.
  absl::Status DrawMask(ForeignObject* object) const {
    std::vector<Rle> masks;
    for (const Polygon& polygon : object->polygons) {
      ASSIGN_OR_RETURN(Rle part, PolygonToRle(polygon, height(), width()));
      masks.push_back(std::move(part));
    }
    if (!object->mask.counts.empty()) {
      RETURN_IF_ERROR(CompleteMask(object));
      masks.push_back(std::move(object->mask));
      object->polygons.clear();
    }
    object->mask = MergeRles(masks, MergeMode::kUnion);
    return absl::OkStatus();
  }

  absl::Status CompleteMask(ForeignObject* object) const {
    if (object->mask.counts.empty()) return absl::OkStatus();
    if (turn() != 1 && object->mask.height == stored_height_ &&
        object->mask.width == stored_width_) {
      ASSIGN_OR_RETURN(object->mask, TurnedMask(turn(), object->mask));
    }
    if (object->mask.height == height() && object->mask.width == width()) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "a mask of ", object->mask.width, "x", object->mask.height,
        " (width x height), the picture is ", width(), "x", height()));
  }

  int height() const { return static_cast<int>(picture_->height); }
  int width() const { return static_cast<int>(picture_->width); }
  int turn() const {
    return orientation_ >= kFirstTransposed ? orientation_ : 1;
  }

  ForeignPicture* const picture_;
  int orientation_ = 1;
  int stored_height_ = 0, stored_width_ = 0;
};

// Else each would have the other's objects as background.
void LeaveOutRepeated(ForeignSet* set) {
  std::unordered_map<std::string, std::string> sources;  // by path
  std::vector<ForeignPicture> kept;
  for (ForeignPicture& picture : set->pictures) {
    const auto [first, is_new] = sources.emplace(picture.path, picture.source);
    if (is_new || picture.path.empty()) {
      kept.push_back(std::move(picture));
      continue;
    }
    set->problems.errors.Add(absl::StrCat(picture.source, ": ", picture.path,
                                          " is described twice, in ",
                                          first->second, " too"));
  }
  set->pictures = std::move(kept);
}

}  // namespace

void CompleteSet(ForeignSet* set) {
  LeaveOutRepeated(set);
  std::vector<absl::Status> faults(set->pictures.size());
  std::vector<std::vector<Note>> notes(set->pictures.size());
  ParallelForEach(set->pictures.size(), 1, [&](size_t i) {
    PictureCompleter completer(&set->pictures[i]);
    faults[i] = completer.Run();
    notes[i] = std::move(completer.notes);
  });
  std::vector<ForeignPicture> kept;
  for (size_t i = 0; i < set->pictures.size(); ++i) {
    for (const Note& note : notes[i]) set->notes.Add(note.reason, note.example);
    if (faults[i].ok()) {
      kept.push_back(std::move(set->pictures[i]));
    } else {
      set->problems.errors.Add(
          absl::StrCat(set->pictures[i].source, ": ", faults[i].message()));
    }
  }
  set->pictures = std::move(kept);
}

}  // namespace fcis::data
