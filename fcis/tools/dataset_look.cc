#include "fcis/tools/dataset_look.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "absl/types/span.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/io/digest.h"
#include "fcis/core/io/file.h"
#include "fcis/core/rle/rle.h"
#include "fcis/core/rle/rle_polygon.h"
#include "fcis/data/coco/segmentation.h"
#include "fcis/data/convert/shapes.h"
#include "fcis/data/loader/judgement.h"

namespace fcis::tools {
namespace {

constexpr double kTinyArea = 16, kHugeShare = .9;
constexpr float kDuplicateIou = .95f;
constexpr double kSmallArea = 32 * 32, kLargeArea = 96 * 96;

double BorderOf(const data::Polygon& polygon) {
  double length = 0;
  const size_t n = polygon.size();
  for (size_t i = 0; i + 1 < n; i += 2) {
    length += std::hypot(polygon[(i + 2) % n] - polygon[i],
                         polygon[(i + 3) % n] - polygon[i + 1]);
  }
  return length;
}

bool IsOutside(const data::Polygon& polygon, const data::CocoPicture& picture) {
  constexpr double kSlack = 1;
  for (size_t i = 0; i + 1 < polygon.size(); i += 2) {
    const double x = polygon[i], y = polygon[i + 1];
    if (x < -kSlack || x > picture.width + kSlack || y < -kSlack ||
        y > picture.height + kSlack) {
      return true;
    }
  }
  return false;
}

bool OverlapsItself(const data::Polygon& polygon,
                    const data::CocoPicture& picture) {
  const auto drawn = PolygonToRle(polygon, picture.height, picture.width);
  if (!drawn.ok()) return false;
  const double pixels = RleArea(*drawn);
  const double off = std::abs(std::abs(data::SignedArea(polygon)) - pixels);
  return off > .1 * pixels + .5 * BorderOf(polygon);
}

// One picture's part of the look.
class PictureLook {
 public:
  PictureLook(const data::CocoIndex& index, int picture)
      : picture_(index.pictures[static_cast<size_t>(picture)]),
        objects_(index.ObjectsOf(picture_)),
        number_(picture) {}

  void Run() {
    for (const data::CocoObject& object : objects_) {
      if (object.ignored) continue;
      LookAtMask(object);
      LookAtPolygons(object);
    }
    FindDuplicates();
  }

  // Label, and the area of its mask.
  std::vector<std::pair<int, double>> areas;
  std::vector<SuspectRecord> suspects;

 private:
  void Add(Suspect suspect, const data::CocoObject& object) {
    suspects.push_back({suspect, number_, object.id.ToString()});
  }

  void LookAtMask(const data::CocoObject& object) {
    const auto mask = data::DecodeSegmentation(object.segmentation,
                                               picture_.height, picture_.width);
    if (!mask.ok()) return;  // the report tells
    const double area = RleArea(*mask);
    areas.emplace_back(object.label, area);
    if (area < kTinyArea) Add(Suspect::kTiny, object);
    if (area > kHugeShare * picture_.height * picture_.width) {
      Add(Suspect::kHuge, object);
    }
  }

  void LookAtPolygons(const data::CocoObject& object) {
    data::Segmentation parsed;
    if (!data::ParseSegmentation(object.segmentation, parsed).ok()) return;
    bool outside = false, thin = false, overlaps = false;
    for (const data::Polygon& polygon : parsed.polygons) {
      if (IsOutside(polygon, picture_)) {
        outside = true;
      } else if (OverlapsItself(polygon, picture_)) {
        overlaps = true;
      } else {
        thin |= std::abs(data::SignedArea(polygon)) < 1;
      }
    }
    if (outside) Add(Suspect::kOutside, object);
    if (thin) Add(Suspect::kThinPolygon, object);
    if (overlaps) Add(Suspect::kSelfOverlap, object);
  }

  void FindDuplicates() {
    for (size_t i = 0; i < objects_.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        const data::CocoObject &a = objects_[i], &b = objects_[j];
        if (a.ignored || b.ignored || a.label != b.label) continue;
        if (IoU(a.box, b.box) > kDuplicateIou) {
          Add(Suspect::kDuplicateObject, a);
          break;
        }
      }
    }
  }

  const data::CocoPicture& picture_;
  const absl::Span<const data::CocoObject> objects_;
  const int number_;
};

// Pictures with the bytes of an earlier one.
std::vector<SuspectRecord> DuplicatePictures(const data::CocoIndex& index) {
  std::map<uintmax_t, std::vector<int>> by_size;
  for (size_t i = 0; i < index.pictures.size(); ++i) {
    std::error_code error;
    const uintmax_t size =
        std::filesystem::file_size(index.pictures[i].path, error);
    if (!error) by_size[size].push_back(static_cast<int>(i));
  }
  std::vector<SuspectRecord> found;
  for (const auto& [size, pictures] : by_size) {
    std::map<std::string, int> by_hash;
    for (const int i : pictures) {
      if (pictures.size() < 2) break;
      const auto file =
          MappedFile::Open(index.pictures[static_cast<size_t>(i)].path);
      if (!file.ok()) continue;
      Digest digest = Digest::Sha256();
      digest.Update((*file)->bytes());
      const auto [known, is_new] = by_hash.emplace(digest.Hex(), i);
      if (is_new) continue;
      const auto& other = index.pictures[static_cast<size_t>(known->second)];
      found.push_back({Suspect::kDuplicatePicture, i, other.file_name});
    }
  }
  return found;
}

void Count(const PictureLook& look, const data::CocoPicture& picture,
           DatasetLook* whole) {
  std::set<int> labels;
  const double pixels = 1.0 * picture.height * picture.width;
  for (const auto& [label, area] : look.areas) {
    ClassCounts& counts = whole->classes[static_cast<size_t>(label - 1)];
    ++counts.objects;
    counts.pictures += labels.insert(label).second;
    ++counts.sizes[area < kSmallArea ? 0 : area <= kLargeArea ? 1 : 2];
    const auto share = static_cast<size_t>(10 * std::sqrt(area / pixels));
    ++whole->shares[std::min(share, whole->shares.size() - 1)];
  }
}

}  // namespace

absl::string_view Describe(Suspect suspect) {
  static constexpr const char* kTexts[] = {
      "masks of fewer than 16 pixels",
      "masks of more than 90 % of their picture",
      "polygons that leave their picture",
      "polygons that enclose less than a pixel",
      "polygons that cross or cover themselves",
      "objects of one class in nearly the same box",
      "pictures with the same bytes"};
  return kTexts[static_cast<int>(suspect)];
}

DatasetLook LookAt(const data::CocoIndex& index) {
  DatasetLook whole;
  whole.classes.resize(index.class_names.size());
  std::vector<PictureLook> looks;
  for (size_t i = 0; i < index.pictures.size(); ++i) {
    looks.emplace_back(index, static_cast<int>(i));
  }
  ParallelForEach(looks.size(), 1, [&](size_t i) { looks[i].Run(); });
  for (size_t i = 0; i < looks.size(); ++i) {
    Count(looks[i], index.pictures[i], &whole);
    whole.suspects.insert(whole.suspects.end(), looks[i].suspects.begin(),
                          looks[i].suspects.end());
  }
  const std::vector<SuspectRecord> same = DuplicatePictures(index);
  whole.suspects.insert(whole.suspects.end(), same.begin(), same.end());
  std::stable_sort(whole.suspects.begin(), whole.suspects.end(),
                   [](const SuspectRecord& a, const SuspectRecord& b) {
                     return a.picture < b.picture;
                   });
  return whole;
}

}  // namespace fcis::tools
