// Masks: run-length masks as COCO has them, in pycocotools' place.
//
//   fcis::Result<fcis::Masks> masks =
//       fcis::Masks::FromStrings({{480, 640}}, {counts});
//   std::cout << masks.value().Areas().value()[0] << "\n";
//
// Results are those of pycocotools 2.0.11. Threads: a list of masks never
// changes, so that several may read it. Header-only, over the functions of
// fcis.h.
#ifndef FCIS_MASK_H_
#define FCIS_MASK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fcis/fcis.h"
#include "fcis/result.h"

namespace fcis {

// In pixels; as a mask's both are at least 0 and their product is below 2^32.
struct MaskSize {
  int64_t height = 0, width = 0;

  friend bool operator==(const MaskSize& a, const MaskSize& b) {
    return a.height == b.height && a.width == b.width;
  }
};

// "bbox" of COCO's files: the left upper corner and the size, in pixels.
struct CocoBox {
  double x = 0, y = 0, width = 0, height = 0;

  friend bool operator==(const CocoBox& a, const CocoBox& b) {
    return a.x == b.x && a.y == b.y && a.width == b.width &&
           a.height == b.height;
  }
};

// The polygons of one mask, which is their union; a polygon is x, y, x, y, ...
using CocoPolygons = std::vector<std::vector<double>>;

namespace internal {

// Arrays of these go to C as arrays of their numbers.
static_assert(sizeof(MaskSize) == 2 * sizeof(int64_t), "[n, 2]");
static_assert(sizeof(CocoBox) == 4 * sizeof(double), "[n, 4]");

inline const double* NumbersOf(const std::vector<CocoBox>& boxes) {
  return reinterpret_cast<const double*>(boxes.data());
}

inline const int64_t* NumbersOf(const std::vector<MaskSize>& sizes) {
  return reinterpret_cast<const int64_t*>(sizes.data());
}

// FCIS_INVALID_ARGUMENT unless there are as many as expected.
inline Result<Done> CheckSize(const char* name, size_t size, size_t expected) {
  if (size == expected) return Done();
  return Error{FCIS_INVALID_ARGUMENT,
               std::string(name) + ": " + std::to_string(size) +
                   " entries, expected " + std::to_string(expected)};
}

// Rows of different lengths, one behind the other.
template <typename Row>
struct Joined {
  explicit Joined(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      values.insert(values.end(), row.begin(), row.end());
      ends.push_back(static_cast<int64_t>(values.size()));
    }
  }

  std::vector<typename Row::value_type> values;
  std::vector<int64_t> ends;  // of each row
};

}  // namespace internal

// A list of masks, each with a size of its own. A default one, and one that was
// moved away from, is empty, and is FCIS_INVALID_ARGUMENT to all functions that
// give a Result.
class Masks {
 public:
  Masks() = default;

  // n masks of height x width bytes, column by column, one mask behind the
  // other. A run ends wherever a byte differs from the last, so that bytes
  // should be 0 and 1.
  static Result<Masks> Encode(const uint8_t* pixels, MaskSize size,
                              size_t n = 1) {
    return Made([&](auto... r) {
      return fcis_masks_encode(pixels, size.height, size.width,
                               static_cast<int64_t>(n), r...);
    });
  }

  // From compressed run lengths, "counts" of COCO's files; a size for each.
  // FCIS_INVALID_ARGUMENT: the size is none of a mask's, the text is no run
  // lengths, or they cover more than the mask; it names the mask.
  static Result<Masks> FromStrings(const std::vector<MaskSize>& sizes,
                                   const std::vector<std::string>& counts) {
    return FromRows(fcis_masks_from_strings, sizes, counts);
  }

  // From run lengths: of background, of foreground, and so on, down the
  // columns. What they do not reach is background.
  static Result<Masks> FromCounts(
      const std::vector<MaskSize>& sizes,
      const std::vector<std::vector<uint32_t>>& counts) {
    return FromRows(fcis_masks_from_counts, sizes, counts);
  }

  // One mask for each size, drawn as pycocotools does; one without polygons is
  // 0 x 0. FCIS_INVALID_ARGUMENT: a number is not finite, or too large.
  static Result<Masks> FromPolygons(const std::vector<MaskSize>& sizes,
                                    const std::vector<CocoPolygons>& polygons) {
    const auto same =
        internal::CheckSize("polygons", polygons.size(), sizes.size());
    if (!same.ok()) return same.error();
    const internal::Joined<CocoPolygons> parts(polygons);
    const internal::Joined<std::vector<double>> numbers(parts.values);
    return Made([&](auto... r) {
      return fcis_masks_from_polygons(
          static_cast<int64_t>(sizes.size()), internal::NumbersOf(sizes),
          parts.ends.data(), numbers.ends.data(), numbers.values.data(), r...);
    });
  }

  // From boxes on pictures of one size.
  static Result<Masks> FromBoxes(const std::vector<CocoBox>& boxes,
                                 MaskSize size) {
    return Made([&](auto... r) {
      return fcis_masks_from_boxes(static_cast<int64_t>(boxes.size()),
                                   internal::NumbersOf(boxes), size.height,
                                   size.width, r...);
    });
  }

  size_t size() const {
    return static_cast<size_t>(fcis_masks_count(handle_.get()));
  }
  bool empty() const { return size() == 0; }

  // Those of these numbers, in their order; a number may be there twice.
  // FCIS_INVALID_ARGUMENT: a number is not below size().
  Result<Masks> Select(const std::vector<int64_t>& which) const {
    return Made([&](auto... r) {
      return fcis_masks_select(handle_.get(),
                               static_cast<int64_t>(which.size()), which.data(),
                               r...);
    });
  }

  // One mask: what any has, or what all have. Of no masks, and of masks of
  // different sizes, it is 0 x 0.
  Result<Masks> Union() const { return Merged(0); }
  Result<Masks> Intersection() const { return Merged(1); }

  Result<std::vector<MaskSize>> Sizes() const {
    return Read<MaskSize>([&](MaskSize* to, auto... error) {
      return fcis_masks_sizes(handle_.get(), reinterpret_cast<int64_t*>(to),
                              error...);
    });
  }

  // Compressed run lengths, as FromStrings takes them.
  Result<std::vector<std::string>> Strings() const {
    std::vector<int64_t> ends(size());
    const auto text =
        internal::Filled<std::vector<char>>([&](char* to, auto... r) {
          return fcis_masks_strings(handle_.get(), ends.data(), to, r...);
        });
    if (!text.ok()) return text.error();
    std::vector<std::string> strings;
    auto begin = text->begin();
    for (const int64_t end : ends) {
      strings.emplace_back(begin, text->begin() + end);
      begin = text->begin() + end;
    }
    return strings;
  }

  // Bytes of 0 and 1, as Encode takes them. FCIS_INVALID_ARGUMENT: the masks
  // have different sizes.
  Result<std::vector<uint8_t>> Decode() const {
    const Result<std::vector<MaskSize>> sizes = Sizes();
    if (!sizes.ok()) return sizes.error();
    std::vector<uint8_t> pixels;
    return internal::Checked(
        [&](auto... error) {
          if (!sizes->empty()) {
            const MaskSize& first = sizes->front();
            pixels.resize(sizes->size() *
                          static_cast<size_t>(first.height * first.width));
          }
          return fcis_masks_decode(handle_.get(), pixels.data(),
                                   static_cast<int64_t>(pixels.size()),
                                   error...);
        },
        [&] { return std::move(pixels); });
  }

  // Pixels of foreground.
  Result<std::vector<uint32_t>> Areas() const {
    return Read<uint32_t>(
        [&](auto... r) { return fcis_masks_areas(handle_.get(), r...); });
  }

  // Tight boxes; zeros where there is no foreground.
  Result<std::vector<CocoBox>> Boxes() const {
    return Read<CocoBox>([&](CocoBox* to, auto... error) {
      return fcis_masks_boxes(handle_.get(), reinterpret_cast<double*>(to),
                              error...);
    });
  }

  // For functions of fcis.h; NULL of a default one. It stays this object's.
  const fcis_masks* handle() const { return handle_.get(); }

  // Takes over a handle of fcis.h.
  explicit Masks(fcis_masks* handle) : handle_(handle) {}

 private:
  struct Free {
    void operator()(fcis_masks* m) const { fcis_masks_free(m); }
  };

  template <typename Call>
  static Result<Masks> Made(const Call& call) {
    fcis_masks* handle = nullptr;
    return internal::Checked(
        [&](auto... error) { return call(&handle, error...); },
        [&] { return Masks(handle); });
  }

  template <typename Function, typename Row>
  static Result<Masks> FromRows(const Function& function,
                                const std::vector<MaskSize>& sizes,
                                const std::vector<Row>& rows) {
    const auto same = internal::CheckSize("counts", rows.size(), sizes.size());
    if (!same.ok()) return same.error();
    const internal::Joined<Row> joined(rows);
    return Made([&](auto... r) {
      return function(static_cast<int64_t>(rows.size()),
                      internal::NumbersOf(sizes), joined.values.data(),
                      joined.ends.data(), r...);
    });
  }

  Result<Masks> Merged(int intersect) const {
    return Made([&](auto... r) {
      return fcis_masks_merge(handle_.get(), intersect, r...);
    });
  }

  // One entry per mask: call(to, error, size).
  template <typename T, typename Call>
  Result<std::vector<T>> Read(const Call& call) const {
    std::vector<T> values(size());
    return internal::Checked(
        [&](auto... error) { return call(values.data(), error...); },
        [&] { return std::move(values); });
  }

  std::unique_ptr<fcis_masks, Free> handle_;
};

// Intersection over union of each of m detections with each of n objects, at
// [object * m + detection]; where crowd of the object is not 0, over the
// detection's area alone; -1 where sizes differ. crowd: one for each object,
// or none: all are 0.
inline Result<std::vector<double>> MasksIou(const Masks& detections,
                                            const Masks& objects,
                                            std::vector<uint8_t> crowd = {}) {
  if (crowd.empty()) crowd.resize(objects.size());
  const auto same = internal::CheckSize("crowd", crowd.size(), objects.size());
  if (!same.ok()) return same.error();
  std::vector<double> ious(detections.size() * objects.size());
  return internal::Checked(
      [&](auto... error) {
        return fcis_masks_iou(detections.handle(), objects.handle(),
                              crowd.data(), ious.data(), error...);
      },
      [&] { return std::move(ious); });
}

// The same of boxes.
inline Result<std::vector<double>> BoxesIou(
    const std::vector<CocoBox>& detections, const std::vector<CocoBox>& objects,
    std::vector<uint8_t> crowd = {}) {
  if (crowd.empty()) crowd.resize(objects.size());
  const auto same = internal::CheckSize("crowd", crowd.size(), objects.size());
  if (!same.ok()) return same.error();
  std::vector<double> ious(detections.size() * objects.size());
  return internal::Checked(
      [&](auto... error) {
        return fcis_boxes_iou(static_cast<int64_t>(detections.size()),
                              internal::NumbersOf(detections),
                              static_cast<int64_t>(objects.size()),
                              internal::NumbersOf(objects), crowd.data(),
                              ious.data(), error...);
      },
      [&] { return std::move(ious); });
}

}  // namespace fcis

#endif  // FCIS_MASK_H_
