// COCO's annotations and results as columns of numbers, from files or from the
// caller; what fcis/coco.h evaluates. Header-only, over the functions of
// fcis.h.
#ifndef FCIS_COCO_RECORDS_H_
#define FCIS_COCO_RECORDS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "fcis/coco_params.h"
#include "fcis/fcis.h"
#include "fcis/mask.h"
#include "fcis/result.h"

namespace fcis {

// Annotations (objects) or results: columns with one entry per record. Those
// that an evaluation has no use for may be empty.
struct CocoRecords {
  // An object that is matched has an id other than 0, as in COCOeval. Empty: 1,
  // 2, 3, ...
  std::vector<int64_t> ids;
  std::vector<int64_t> image_ids, category_ids;
  std::vector<double> areas;   // square pixels
  std::vector<double> scores;  // of results
  // Of objects, 0 or 1: it may be found many times and need not be. Empty: all
  // 0.
  std::vector<uint8_t> crowd;
  std::vector<CocoBox> boxes;  // for kBox; for kKeypoints those of objects
  Masks masks;                 // for kMask
  // For kKeypoints: x, y, and of objects whether it is seen (> 0), of each
  // keypoint of a record; as many of each as there are sigmas.
  std::vector<double> keypoints;
  // For kKeypoints, of objects: one with 0 does not count. Empty: none has.
  std::vector<int64_t> num_keypoints;

  size_t size() const { return image_ids.size(); }

  // FCIS_INVALID_ARGUMENT: columns of different lengths, or that `type` needs.
  Result<Done> Check(IouType type, size_t num_keypoints_each) const {
    struct Column {
      const char* name;
      size_t size;
      bool needed;
    };
    const size_t n = size();
    for (const Column& c : std::initializer_list<Column>{
             {"ids", ids.size(), false},
             {"category_ids", category_ids.size(), true},
             {"areas", areas.size(), true},
             {"scores", scores.size(), false},
             {"crowd", crowd.size(), false},
             {"boxes", boxes.size(), type == IouType::kBox},
             {"masks", masks.size(), type == IouType::kMask},
             {"num_keypoints", num_keypoints.size(), false}}) {
      if (c.size == 0 && !c.needed) continue;
      const Result<Done> same = internal::CheckSize(c.name, c.size, n);
      if (!same.ok()) return same;
    }
    if (type != IouType::kKeypoints) return Done();
    return internal::CheckSize("keypoints", keypoints.size(),
                               3 * num_keypoints_each * n);
  }
};

namespace internal {

// An opened file.
class RecordFile {
 public:
  static Result<RecordFile> Open(const std::string& path, bool results) {
    fcis_records* handle = nullptr;
    fcis_record_columns columns = {};
    columns.struct_size = sizeof(columns);
    return Checked(
        [&](auto... error) {
          const int status =
              fcis_records_open(path.c_str(), results, &handle, error...);
          if (status != FCIS_OK) return status;
          return fcis_records_columns(handle, &columns, error...);
        },
        [&] { return RecordFile(path, handle, columns); });
  }

  const fcis_record_columns& columns() const { return columns_; }
  bool Some(uint32_t member) const {
    return (columns_.any_members & member) != 0;
  }

  // FCIS_INVALID_ARGUMENT unless all records have all of these members.
  Result<Done> CheckMembers(uint32_t needed) const {
    static constexpr const char* kNames[] = {
        "id",   "image_id",  "category_id",  "bbox",
        "area", "iscrowd",   "score",        "segmentation",
        "",     "keypoints", "num_keypoints"};
    const uint32_t missing = needed & ~columns_.all_members;
    if (missing == 0) return Done();
    size_t first = 0;
    while ((missing >> first & 1) == 0) ++first;
    return Fail(std::string("a record has no \"") + kNames[first] + "\"");
  }

  Error Fail(const std::string& message) const {
    return Error{FCIS_INVALID_ARGUMENT, path_ + ": " + message};
  }

  template <typename T>
  std::vector<T> Column(const T* from) const {
    const auto n = static_cast<size_t>(columns_.records);
    return from == nullptr ? std::vector<T>(n) : std::vector<T>(from, from + n);
  }
  std::vector<CocoBox> Boxes() const {
    return Column(reinterpret_cast<const CocoBox*>(columns_.boxes));
  }

  // sizes: of each record's picture.
  Result<Masks> ReadMasks(const std::vector<MaskSize>& sizes) const {
    fcis_masks* handle = nullptr;
    // Of none, too, the sizes are no NULL.
    const int64_t none = 0;
    return Checked(
        [&](auto... error) {
          return fcis_records_masks(handle_.get(),
                                    sizes.empty() ? &none : NumbersOf(sizes),
                                    &handle, error...);
        },
        [&] { return Masks(handle); });
  }

  // All must have the same number of them.
  Result<Done> ReadKeypoints(CocoRecords& records) const {
    const auto n = static_cast<size_t>(columns_.records);
    std::vector<int64_t> ends(n);
    records.num_keypoints.resize(n);
    Result<std::vector<double>> numbers =
        Filled<std::vector<double>>([&](double* to, auto... r) {
          return fcis_records_keypoints(handle_.get(),
                                        records.num_keypoints.data(),
                                        ends.data(), to, r...);
        });
    if (!numbers.ok()) return Fail(numbers.error().message);
    for (size_t i = 0; i < n; ++i) {
      if (ends[i] != static_cast<int64_t>(i + 1) * ends[0]) {
        return Fail("record " + std::to_string(i) +
                    " has not as many keypoints as record 0");
      }
    }
    records.keypoints = *std::move(numbers);
    return Done();
  }

 private:
  struct Free {
    void operator()(fcis_records* r) const { fcis_records_free(r); }
  };

  RecordFile(std::string path, fcis_records* handle,
             const fcis_record_columns& columns)
      : path_(std::move(path)), handle_(handle), columns_(columns) {}

  std::string path_;
  std::unique_ptr<fcis_records, Free> handle_;
  fcis_record_columns columns_;
};

// What a result without an area covers.
inline double KeypointArea(const double* keypoints, size_t n) {
  double low[2] = {}, high[2] = {};
  for (size_t i = 0; i < n; ++i) {
    for (size_t axis = 0; axis < 2; ++axis) {
      const double value = keypoints[3 * i + axis];
      low[axis] = i == 0 ? value : std::min(low[axis], value);
      high[axis] = i == 0 ? value : std::max(high[axis], value);
    }
  }
  return (high[0] - low[0]) * (high[1] - low[1]);
}

}  // namespace internal

// A data set: its pictures, classes and objects.
struct CocoTruth {
  IouType type = IouType::kBox;  // what is compared with it
  std::vector<int64_t> image_ids, category_ids;
  // Of each picture, where polygons of masks are drawn; -1: unknown.
  std::vector<MaskSize> image_sizes;
  CocoRecords objects;

  // From a file in COCO's format; only what `type` needs is taken.
  // FCIS_NOT_FOUND: there is no such file. FCIS_INVALID_ARGUMENT: it is no JSON
  // of that format; an id is no integer, or there twice; the text is not ASCII;
  // annotations lack "id", "area", "iscrowd", or what is compared.
  static Result<CocoTruth> Read(const std::string& path, IouType type) {
    const auto file = internal::RecordFile::Open(path, false);
    if (!file.ok()) return file.error();
    const fcis_record_columns& c = file->columns();
    uint32_t needed = FCIS_RECORD_ID | FCIS_RECORD_AREA | FCIS_RECORD_CROWD;
    if (type != IouType::kMask) needed |= FCIS_RECORD_BOX;
    if (type == IouType::kMask) needed |= FCIS_RECORD_SEGMENTATION;
    if (type == IouType::kKeypoints) {
      needed |= FCIS_RECORD_KEYPOINTS | FCIS_RECORD_NUM_KEYPOINTS;
    }
    const Result<Done> usual = file->CheckMembers(needed);
    if (!usual.ok()) return usual.error();
    CocoTruth truth;
    truth.type = type;
    truth.image_ids.assign(c.listed_images, c.listed_images + c.images);
    truth.category_ids.assign(c.listed_categories,
                              c.listed_categories + c.categories);
    for (int64_t i = 0; i < c.images; ++i) {
      truth.image_sizes.push_back({c.image_heights[i], c.image_widths[i]});
    }
    CocoRecords& o = truth.objects;
    o.ids = file->Column(c.ids);
    std::unordered_set<int64_t> ids;
    for (const int64_t id : o.ids) {
      if (ids.insert(id).second) continue;
      return file->Fail("annotation id " + std::to_string(id) + " twice");
    }
    o.image_ids = file->Column(c.image_ids);
    o.category_ids = file->Column(c.category_ids);
    o.areas = file->Column(c.areas);
    o.crowd = file->Column(c.crowd);
    if (type != IouType::kMask) o.boxes = file->Boxes();
    const Result<Done> read = truth.ReadShapes(*file, type, o);
    if (!read.ok()) return read.error();
    return truth;
  }

  // Results for it, from a file in COCO's results format. As COCO.loadRes has
  // it, areas are those of their boxes, where they have some, else of masks,
  // else of what the keypoints span. FCIS_INVALID_ARGUMENT, beside what is said
  // above: a picture that the truth does not list; some records have boxes and
  // others none.
  Result<CocoRecords> ReadResults(const std::string& path) const {
    const auto file = internal::RecordFile::Open(path, true);
    if (!file.ok()) return file.error();
    const fcis_record_columns& c = file->columns();
    CocoRecords d;
    d.image_ids = file->Column(c.image_ids);
    d.category_ids = file->Column(c.category_ids);
    d.scores = file->Column(c.scores);
    const bool boxes = file->Some(FCIS_RECORD_BOX);
    const bool keypoints = type == IouType::kKeypoints;
    const bool masks = !boxes && (type != IouType::kKeypoints ||
                                  file->Some(FCIS_RECORD_SEGMENTATION));
    const Result<Done> usual =
        file->CheckMembers(FCIS_RECORD_SCORE | (boxes ? FCIS_RECORD_BOX : 0) |
                           (masks ? FCIS_RECORD_SEGMENTATION : 0) |
                           (keypoints ? FCIS_RECORD_KEYPOINTS : 0));
    if (!usual.ok()) return usual.error();
    const std::unordered_set<int64_t> listed(image_ids.begin(),
                                             image_ids.end());
    for (size_t i = 0; i < d.size(); ++i) {
      if (listed.count(d.image_ids[i]) != 0) continue;
      return file->Fail("result " + std::to_string(i) + ": picture " +
                        std::to_string(d.image_ids[i]) +
                        " is not in the truth");
    }
    const Result<Done> read =
        ReadShapes(*file, masks ? IouType::kMask : type, d);
    if (!read.ok()) return read.error();
    if (masks && keypoints) {
      const Result<Done> more = ReadShapes(*file, type, d);
      if (!more.ok()) return more.error();
    }
    return Complete(std::move(d), boxes ? file->Boxes() : Boxes());
  }

 private:
  using Boxes = std::vector<CocoBox>;

  // The masks or keypoints of a file.
  Result<Done> ReadShapes(const internal::RecordFile& file, IouType what,
                          CocoRecords& to) const {
    if (what == IouType::kKeypoints) return file.ReadKeypoints(to);
    if (what != IouType::kMask) return Done();
    std::unordered_map<int64_t, MaskSize> sizes;
    for (size_t i = 0; i < image_sizes.size() && i < image_ids.size(); ++i) {
      sizes[image_ids[i]] = image_sizes[i];
    }
    std::vector<MaskSize> of_records;
    for (const int64_t image : to.image_ids) {
      const auto found = sizes.find(image);
      of_records.push_back(found == sizes.end() ? MaskSize{-1, -1}
                                                : found->second);
    }
    Result<Masks> masks = file.ReadMasks(of_records);
    if (!masks.ok()) return file.Fail(masks.error().message);
    to.masks = *std::move(masks);
    return Done();
  }

  // Gives results their areas and boxes.
  static Result<CocoRecords> Complete(CocoRecords d, Boxes boxes) {
    d.boxes = std::move(boxes);
    for (const CocoBox& box : d.boxes)
      d.areas.push_back(box.width * box.height);
    if (d.boxes.empty() && !d.masks.empty()) {
      const Result<std::vector<uint32_t>> areas = d.masks.Areas();
      if (!areas.ok()) return areas.error();
      d.areas.assign(areas->begin(), areas->end());
      Result<Boxes> tight = d.masks.Boxes();
      if (!tight.ok()) return tight.error();
      d.boxes = *std::move(tight);
    }
    if (d.size() == 0 || !d.areas.empty()) return d;
    const size_t each = d.keypoints.size() / d.size();
    for (size_t i = 0; i < d.size(); ++i) {
      d.areas.push_back(
          internal::KeypointArea(d.keypoints.data() + i * each, each / 3));
    }
    return d;
  }
};

}  // namespace fcis

#endif  // FCIS_COCO_RECORDS_H_
