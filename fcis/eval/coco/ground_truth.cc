#include "fcis/eval/coco/ground_truth.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/thread_team.h"
#include "fcis/core/config/limits.h"
#include "fcis/eval/coco/boundary.h"

namespace fcis::eval {
namespace {

// Positions in `records` of the wanted ids (all when none is named), by
// ascending id, each once; of equal ids the last record.
template <typename Record>
std::vector<int> Select(const std::vector<Record>& records,
                        const data::RecordIndex& index,
                        std::vector<data::RecordId> wanted) {
  if (wanted.empty()) {
    for (const Record& record : records) wanted.push_back(record.id);
  }
  absl::c_sort(wanted);
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::vector<int> positions;
  for (const data::RecordId& id : wanted) positions.push_back(index.Find(id));
  return positions;
}

// `items` by ascending key, which is in [0, num_keys); of equal keys as they
// were.
template <typename Item, typename KeyOf>
std::vector<Item> InOrder(std::vector<Item> items, size_t num_keys,
                          KeyOf key_of) {
  std::vector<uint32_t> next(num_keys + 1, 0);
  for (const Item& item : items) ++next[static_cast<size_t>(key_of(item)) + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::vector<Item> ordered(items.size());
  for (const Item& item : items) {
    ordered[next[static_cast<size_t>(key_of(item))]++] = item;
  }
  return ordered;
}

}  // namespace

MeasuredMask MeasureMask(const Rle& rle) {
  return {rle.height, rle.width, rle.counts, RleArea(rle), RleToBbox(rle)};
}

absl::Span<const uint32_t> RunStore::Keep(absl::Span<const uint32_t> runs) {
  // The first is small, as for few masks.
  constexpr size_t kFirst = size_t{1} << 14, kPiece = size_t{1} << 19;
  if (pieces_.empty() ||
      pieces_.back().capacity() - pieces_.back().size() < runs.size()) {
    const size_t usual = pieces_.empty() ? kFirst : kPiece;
    pieces_.emplace_back().reserve(std::max(usual, runs.size()));
  }
  LargeVector<uint32_t>& piece = pieces_.back();
  piece.insert(piece.end(), runs.begin(), runs.end());
  return absl::MakeConstSpan(piece).last(runs.size());
}

data::CocoNeeds EvalNeeds(const EvalOptions& options) {
  data::CocoNeeds needs;
  needs.area = data::MemberUse::kNeeded;
  if (options.iou_type == IouType::kBbox) needs.bbox = data::MemberUse::kNeeded;
  needs.image_ids = options.image_ids;
  needs.category_ids = options.category_ids;
  return needs;
}

data::CocoNeeds ModelEvalNeeds(const EvalOptions& options) {
  data::CocoNeeds needs = EvalNeeds(options);
  needs.file_name = data::MemberUse::kNeeded;
  needs.name = data::MemberUse::kOptional;
  return needs;
}

absl::StatusOr<GroundTruth> GroundTruth::Build(const data::CocoDataset& dataset,
                                               const EvalOptions& options) {
  GroundTruth truth;
  truth.dataset_ = &dataset;
  truth.problems_ = dataset.problems;
  truth.class_agnostic_ = options.class_agnostic;
  truth.SelectImages(options);
  truth.SelectCategories(options);
  // Where one is left out, an earlier one of its id takes the place.
  Faults faults;
  do {
    truth.Collect(options);
    faults = truth.Measure(options);
    truth.LeaveOut(faults);
  } while (!faults.empty() && options.bad_annotations.skip);
  RETURN_IF_ERROR(truth.problems_.Check(options.bad_annotations));
  return truth;
}

void GroundTruth::LeaveOut(const Faults& faults) {
  if (faults.empty()) return;
  left_out_.resize(dataset_->annotations.size());
  for (const auto& [at, fault] : faults) {
    const auto annotation = static_cast<size_t>(at);
    left_out_[annotation] = true;
    problems_.errors.Add(
        absl::StrCat(data::NameOf(*dataset_, dataset_->annotations[annotation]),
                     ": ", fault));
  }
}

void GroundTruth::SelectImages(const EvalOptions& options) {
  dataset_images_ = IndexOf(dataset_->images);
  images_ = Select(dataset_->images, dataset_images_, options.image_ids);
  evaluated_.assign(dataset_->images.size(), -1);
  for (size_t i = 0; i < images_.size(); ++i) {
    if (images_[i] >= 0) {
      evaluated_[static_cast<size_t>(images_[i])] = static_cast<int>(i);
    }
  }
}

void GroundTruth::SelectCategories(const EvalOptions& options) {
  dataset_categories_ = IndexOf(dataset_->categories);
  categories_ =
      Select(dataset_->categories, dataset_categories_, options.category_ids);
  for (size_t i = 0; i < categories_.size(); ++i) {
    if (categories_[i] < 0) continue;
    evaluated_categories_.Set(
        dataset_->categories[static_cast<size_t>(categories_[i])].id,
        static_cast<int>(i));
  }
}

GroundTruth::Image GroundTruth::FindImage(const data::RecordId& id) const {
  Image image;
  image.index = dataset_images_.Find(id);
  image.known = image.index >= 0;
  if (image.known) {
    image.evaluated = evaluated_[static_cast<size_t>(image.index)];
  }
  return image;
}

int GroundTruth::FindCategory(const data::RecordId& id) const {
  return evaluated_categories_.Find(id);
}

std::string GroundTruth::NoteOnImage(const data::RecordId& id) const {
  return data::NoteOnKind(id, dataset_images_, "images");
}

std::string GroundTruth::NoteOnCategory(const data::RecordId& id) const {
  return data::NoteOnKind(id, dataset_categories_, "categories");
}

std::vector<GroundTruth::Place> GroundTruth::ListPlaces(
    data::RecordIndex& by_id) {
  const auto& annotations = dataset_->annotations;
  std::vector<Place> listed;
  listed.reserve(annotations.size());
  by_id.Reserve(annotations.size());
  for (size_t i = 0; i < annotations.size(); ++i) {
    if (!left_out_.empty() && left_out_[i]) continue;
    const auto annotation = static_cast<int>(i);
    by_id.Set(annotations[i].id, annotation);
    const data::RecordId& category_id = annotations[i].category_id;
    const Image image = FindImage(annotations[i].image_id);
    const int category = FindCategory(category_id);
    if (!image.known) references_.no_image.push_back(annotation);
    if (category < 0 && CategoryIndex(category_id) < 0) {
      references_.no_category.push_back(annotation);
    }
    if (image.evaluated < 0 || (category < 0 && !class_agnostic_)) continue;
    listed.push_back({image.evaluated, category, annotation});
  }
  return listed;
}

// COCOeval asks for the ids of the annotations of each picture and fetches the
// annotations by id: of those with the same id, the last one takes the place of
// all, in its own picture and category.
void GroundTruth::Collect(const EvalOptions& options) {
  references_ = TruthReferences();
  data::RecordIndex by_id;
  std::vector<Place> places;
  for (Place place : InOrder(ListPlaces(by_id), images_.size(), ImageOf)) {
    const auto annotation = static_cast<size_t>(place.annotation);
    const int last = by_id.Find(dataset_->annotations[annotation].id);
    if (last != place.annotation) {
      references_.replaced.push_back({place.annotation, last});
      if (!options.sane) place = PlaceOf(last);
    }
    if (place.image < 0 || place.category < 0) continue;
    places.push_back(place);
  }
  absl::c_sort(references_.replaced, [](const auto& a, const auto& b) {
    return a.annotation < b.annotation;
  });
  places = InOrder(std::move(places), categories_.size(), CategoryOf);
  SetObjects(InOrder(std::move(places), images_.size(), ImageOf));
}

GroundTruth::Place GroundTruth::PlaceOf(int annotation) const {
  const data::CocoAnnotation& record =
      dataset_->annotations[static_cast<size_t>(annotation)];
  return {FindImage(record.image_id).evaluated,
          FindCategory(record.category_id), annotation};
}

void GroundTruth::SetObjects(const std::vector<Place>& places) {
  objects_.assign(places.size(), TruthObject());
  cells_.clear();
  first_cell_.clear();
  class_objects_.assign(static_cast<size_t>(num_classes()), {});
  for (size_t i = 0, image = 0; i <= places.size(); ++i) {
    const size_t end = i < places.size() ? static_cast<size_t>(places[i].image)
                                         : images_.size();
    for (; image <= end; ++image) {
      first_cell_.push_back(static_cast<uint32_t>(cells_.size()));
    }
    if (i == places.size()) break;
    objects_[i].annotation = places[i].annotation;
    const int klass = ClassOf(places[i].category);
    const bool same = i > 0 && places[i - 1].image == places[i].image &&
                      cells_.back().klass == klass;
    if (!same) cells_.push_back({klass, static_cast<uint32_t>(i), 0});
    cells_.back().end = static_cast<uint32_t>(i + 1);
    class_objects_[static_cast<size_t>(klass)].push_back(
        static_cast<uint32_t>(i));
  }
}

absl::Span<const TruthObject> GroundTruth::Cell(int image, int klass) const {
  const CellRange* const begin =
      cells_.data() + first_cell_[static_cast<size_t>(image)];
  const CellRange* const end =
      cells_.data() + first_cell_[static_cast<size_t>(image) + 1];
  const CellRange* const found = std::lower_bound(
      begin, end, klass,
      [](const CellRange& cell, int wanted) { return cell.klass < wanted; });
  if (found == end || found->klass != klass) return {};
  return absl::MakeConstSpan(objects_).subspan(found->begin,
                                               found->end - found->begin);
}

absl::Span<const TruthObject> GroundTruth::ObjectsIn(int image) const {
  const uint32_t first = first_cell_[static_cast<size_t>(image)];
  const uint32_t end = first_cell_[static_cast<size_t>(image) + 1];
  if (first == end) return {};
  const uint32_t begin = cells_[first].begin;
  return absl::MakeConstSpan(objects_).subspan(begin,
                                               cells_[end - 1].end - begin);
}

GroundTruth::Faults GroundTruth::Measure(const EvalOptions& options) {
  constexpr int64_t kGrain = 64;
  // In the file's order, as texts are further apart in memory than objects.
  std::vector<uint32_t> order(objects_.size());
  std::iota(order.begin(), order.end(), 0u);
  order = InOrder(std::move(order), dataset_->annotations.size(),
                  [this](uint32_t i) { return objects_[i].annotation; });
  runs_ = std::vector<RunStore>(static_cast<size_t>(NumThreads()));
  std::mutex mutex;
  Faults faults;
  ParallelFor(static_cast<int64_t>(objects_.size()), kGrain,
              [&](int64_t begin, int64_t end) {
                data::Segmentation segmentation;
                RunStore& runs =
                    runs_[static_cast<size_t>(CurrentPlace().member)];
                for (int64_t i = begin; i < end; ++i) {
                  TruthObject& object = objects_[order[static_cast<size_t>(i)]];
                  std::string fault =
                      MeasureObject(options, segmentation, runs, object);
                  if (fault.empty()) continue;
                  const std::lock_guard<std::mutex> lock(mutex);
                  faults[object.annotation] = std::move(fault);
                }
              });
  return faults;
}

absl::StatusOr<Rle> GroundTruth::MaskOf(
    const data::CocoAnnotation& annotation,
    data::Segmentation& segmentation) const {
  const data::CocoImage& image = dataset_->images[static_cast<size_t>(
      dataset_images_.Find(annotation.image_id))];
  RETURN_IF_ERROR(
      data::ParseSegmentation(annotation.segmentation, segmentation));
  absl::StatusOr<Rle> rle =
      data::SegmentationToRle(segmentation, image.height, image.width);
  if (rle.ok() || (image.height >= 0 && image.width >= 0)) return rle;
  return absl::InvalidArgumentError(
      absl::StrCat(rle.status().message(), ", image id ", image.id.ToString()));
}

std::string GroundTruth::MeasureObject(const EvalOptions& options,
                                       data::Segmentation& segmentation,
                                       RunStore& runs, TruthObject& object) {
  const data::CocoAnnotation& annotation =
      dataset_->annotations[static_cast<size_t>(object.annotation)];
  object.area = annotation.area;
  object.ignore = annotation.crowd != 0;
  object.crowd = std::abs(annotation.crowd) >= 1;  // Python's int() is not 0
  object.unmatchable =
      !options.sane && annotation.id == data::RecordId(int64_t{0});
  if (options.iou_type == IouType::kBbox) {
    object.box = annotation.bbox;
    return "";
  }
  absl::StatusOr<Rle> rle = MaskOf(annotation, segmentation);
  if (!rle.ok()) {
    return absl::StrCat("\"segmentation\": ", rle.status().message());
  }
  object.mask = MeasureMask(*rle);
  object.mask.counts = runs.Keep(rle->counts);
  if (options.iou_type == IouType::kBoundary) {
    if (int64_t{rle->height} * rle->width > kMaxBitmapPixels) {
      return "\"segmentation\": the mask is too large for a boundary, above "
             "2^26 pixels";
    }
    object.boundary = MaskBoundary(*rle);
  }
  return "";
}

}  // namespace fcis::eval
