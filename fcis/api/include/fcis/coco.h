// COCO's evaluation, pycocotools' COCOeval: boxes, masks or keypoints found,
// against those that are there.
//
//   const auto type = fcis::IouType::kMask;
//   const auto truth = fcis::CocoTruth::Read("instances.json", type);
//   const auto found = truth.value().ReadResults("results.json");
//   const auto score = fcis::CocoEvaluation::Run(*truth, found.value());
//   std::cout << "AP " << score.value().Stats()[0] << "\n";
//
// Numbers are those of pycocotools 2.0.11 to the last bit, but for keypoints,
// whose similarities may differ in it. Header-only, over the functions of
// fcis.h; several threads may read one object.
#ifndef FCIS_COCO_H_
#define FCIS_COCO_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fcis/coco_params.h"
#include "fcis/coco_records.h"
#include "fcis/fcis.h"
#include "fcis/mask.h"
#include "fcis/result.h"

namespace fcis {

namespace internal {

// NumPy's sum, to the last bit: eight sums over at most 128 values, halves
// added to each other.
inline double PairwiseSum(const double* values, size_t n) {
  if (n > 128) {
    const size_t half = n / 2 - n / 2 % 8;
    const double left = PairwiseSum(values, half);
    return left + PairwiseSum(values + half, n - half);
  }
  double sum = 0;
  size_t i = 0;
  if (n >= 8) {
    double s[8];
    std::copy_n(values, 8, s);
    for (i = 8; i + 8 <= n; i += 8) {
      for (size_t k = 0; k < 8; ++k) s[k] += values[i + k];
    }
    sum = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
  }
  for (; i < n; ++i) sum += values[i];
  return sum;
}

// Sorted, each once.
inline void MakeUnique(std::vector<int64_t>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

using Positions = std::unordered_map<int64_t, int64_t>;

inline Positions PositionsOf(const std::vector<int64_t>& ids) {
  Positions positions;
  for (const int64_t id : ids) {
    positions.emplace(id, static_cast<int64_t>(positions.size()));
  }
  return positions;
}

// Those of some records that are evaluated, as fcis_evaluation_input has them.
struct Side {
  std::vector<int64_t> rows, cells;
  std::vector<double> ids, areas, scores, keypoints;
  std::vector<CocoBox> boxes;
  std::vector<uint8_t> ignore, crowd;
  Masks masks;
};

// The rows of records in evaluated pictures and classes. Without classes those
// of the first come first in each picture, as in COCOeval.
inline void Place(const CocoRecords& records, const CocoParams& p, Side& side) {
  const Positions images = PositionsOf(p.image_ids);
  const Positions classes = PositionsOf(p.category_ids);
  const auto num_images = static_cast<int64_t>(images.size());
  std::vector<std::pair<int64_t, int64_t>> placed;  // class or 0, row
  std::vector<int64_t> cells(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    const auto image = images.find(records.image_ids[i]);
    const auto klass = classes.find(records.category_ids[i]);
    if (image == images.end() || klass == classes.end()) continue;
    const bool by_class = p.use_categories;
    cells[i] = image->second + (by_class ? klass->second * num_images : 0);
    placed.emplace_back(by_class ? 0 : klass->second, static_cast<int64_t>(i));
  }
  if (!p.use_categories) std::sort(placed.begin(), placed.end());
  for (const auto& one : placed) {
    side.rows.push_back(one.second);
    side.cells.push_back(cells[static_cast<size_t>(one.second)]);
  }
}

template <typename To, typename From>
std::vector<To> Gather(const std::vector<From>& column,
                       const std::vector<int64_t>& rows) {
  std::vector<To> gathered;
  if (column.empty()) return gathered;
  gathered.reserve(rows.size());
  for (const int64_t row : rows) {
    gathered.push_back(static_cast<To>(column[static_cast<size_t>(row)]));
  }
  return gathered;
}

inline Result<Side> SideOf(const CocoRecords& records, const CocoParams& p,
                           IouType type) {
  const Result<Done> usual =
      records.Check(type, type == IouType::kKeypoints ? p.sigmas.size() : 0);
  if (!usual.ok()) return usual.error();
  Side side;
  Place(records, p, side);
  side.ids = Gather<double>(records.ids, side.rows);
  if (records.ids.empty()) {
    for (const int64_t row : side.rows) {
      side.ids.push_back(static_cast<double>(row + 1));
    }
  }
  side.areas = Gather<double>(records.areas, side.rows);
  side.scores = Gather<double>(records.scores, side.rows);
  side.boxes = Gather<CocoBox>(records.boxes, side.rows);
  side.crowd = Gather<uint8_t>(records.crowd, side.rows);
  side.crowd.resize(side.rows.size());
  side.ignore = side.crowd;
  if (type == IouType::kMask && !side.rows.empty()) {
    Result<Masks> masks = records.masks.Select(side.rows);
    if (!masks.ok()) return masks.error();
    side.masks = *std::move(masks);
  }
  if (type != IouType::kKeypoints) return side;
  const auto each = static_cast<std::ptrdiff_t>(3 * p.sigmas.size());
  for (size_t i = 0; i < side.rows.size(); ++i) {
    const auto begin = records.keypoints.begin() + side.rows[i] * each;
    side.keypoints.insert(side.keypoints.end(), begin, begin + each);
    const auto row = static_cast<size_t>(side.rows[i]);
    side.ignore[i] |=
        !records.num_keypoints.empty() && records.num_keypoints[row] == 0;
  }
  return side;
}

}  // namespace internal

class CocoEvaluation {
 public:
  // Compares, matches and counts. What is compared is the truth's type.
  // FCIS_INVALID_ARGUMENT: columns of different lengths, or without what is
  // compared; keypoints without classes.
  static Result<CocoEvaluation> Run(const CocoTruth& truth,
                                    const CocoRecords& results) {
    return Run(truth, results, CocoParams(truth.type));
  }
  static Result<CocoEvaluation> Run(const CocoTruth& truth,
                                    const CocoRecords& results,
                                    CocoParams params) {
    if (truth.type == IouType::kKeypoints && !params.use_categories) {
      return Error{FCIS_INVALID_ARGUMENT, "keypoints need use_categories"};
    }
    if (params.image_ids.empty()) params.image_ids = truth.image_ids;
    if (params.category_ids.empty()) params.category_ids = truth.category_ids;
    internal::MakeUnique(params.image_ids);
    internal::MakeUnique(params.category_ids);
    std::sort(params.max_detections.begin(), params.max_detections.end());
    CocoEvaluation evaluation;
    evaluation.type_ = truth.type;
    evaluation.params_ = std::move(params);
    const Result<Done> done = evaluation.Count(truth.objects, results);
    if (!done.ok()) return done.error();
    return evaluation;
  }

  // As they were evaluated: ids are sorted and all there.
  const CocoParams& params() const { return params_; }

  // Axes of the arrays: thresholds of overlap T, of recall R, classes K (1
  // without classes), area ranges A, and numbers of detections M.
  size_t T() const { return params_.iou_thresholds.size(); }
  size_t R() const { return params_.recall_thresholds.size(); }
  size_t K() const {
    return params_.use_categories ? params_.category_ids.size() : 1;
  }
  size_t A() const { return params_.area_ranges.size(); }
  size_t M() const { return params_.max_detections.size(); }

  // [T, R, K, A, M], -1 where there is no object: the precision at a recall,
  // and the score of the detection that reaches it.
  const std::vector<double>& precision() const { return precision_; }
  const std::vector<double>& scores() const { return scores_; }
  // [T, K, A, M], likewise: of all detections.
  const std::vector<double>& recall() const { return recall_; }

  // One of them; numbers below the axes' lengths.
  double Precision(size_t t, size_t r, size_t k, size_t a, size_t m) const {
    return precision_[(((t * R() + r) * K() + k) * A() + a) * M() + m];
  }
  double Recall(size_t t, size_t k, size_t a, size_t m) const {
    return recall_[((t * K() + k) * A() + a) * M() + m];
  }

  // COCO's 12 numbers: AP, AP at .5, AP at .75, AP of small, medium and large
  // objects, AR of the first, second and third number of detections, AR of
  // small, medium and large objects. -1 where there is no object, or where
  // params have no such threshold, range or number (AP's is 100). Of keypoints
  // 10: AP, AP at .5 and .75, AP of medium and large, and the same of AR.
  std::vector<double> Stats() const {
    std::vector<double> stats;
    if (type_ == IouType::kKeypoints) {
      for (const bool ap : {true, false}) {
        stats.push_back(Mean({ap, -1, "all", 20}));
        for (const double t : {.5, .75}) {
          stats.push_back(Mean({ap, t, "all", 20}));
        }
        for (const char* size : {"medium", "large"}) {
          stats.push_back(Mean({ap, -1, size, 20}));
        }
      }
      return stats;
    }
    const auto most = [&](size_t m) {
      return m < M() ? params_.max_detections[m] : -1;
    };
    stats.push_back(Mean({true, -1, "all", 100}));
    for (const double t : {.5, .75}) {
      stats.push_back(Mean({true, t, "all", most(2)}));
    }
    for (const char* size : {"small", "medium", "large"}) {
      stats.push_back(Mean({true, -1, size, most(2)}));
    }
    for (size_t m = 0; m < 3; ++m) {
      stats.push_back(Mean({false, -1, "all", most(m)}));
    }
    for (const char* size : {"small", "medium", "large"}) {
      stats.push_back(Mean({false, -1, size, most(2)}));
    }
    return stats;
  }

  // AP of each class, in the order of params().category_ids, over all
  // thresholds of overlap, in the first area range, with the largest number of
  // detections; -1 where there is no object.
  std::vector<double> ClassAp() const {
    std::vector<double> ap(K(), -1);
    if (A() == 0 || M() == 0) return ap;
    for (size_t k = 0; k < K(); ++k) {
      std::vector<double> some;
      for (size_t t = 0; t < T(); ++t) {
        for (size_t r = 0; r < R(); ++r) {
          some.push_back(Precision(t, r, k, 0, M() - 1));
        }
      }
      ap[k] = MeanOf(std::move(some));
    }
    return ap;
  }

 private:
  struct Free {
    void operator()(fcis_evaluation* e) const { fcis_evaluation_free(e); }
  };
  using Handle = std::unique_ptr<fcis_evaluation, Free>;

  // What a mean is taken over.
  struct Wanted {
    bool precision;        // or recall
    double iou_threshold;  // -1: all
    const char* area;
    int64_t most;
  };

  static double MeanOf(std::vector<double> values) {
    values.erase(std::remove_if(values.begin(), values.end(),
                                [](double value) { return !(value > -1); }),
                 values.end());
    if (values.empty()) return -1;
    return internal::PairwiseSum(values.data(), values.size()) /
           static_cast<double>(values.size());
  }

  double Mean(const Wanted& wanted) const {
    std::vector<double> some;
    const size_t R = wanted.precision ? this->R() : 1;
    const std::vector<double>& all = wanted.precision ? precision_ : recall_;
    size_t at = 0;
    for (const double t : params_.iou_thresholds) {
      for (size_t i = 0; i < R * K(); ++i) {
        for (const CocoAreaRange& area : params_.area_ranges) {
          for (const int64_t most : params_.max_detections) {
            const double value = all[at++];
            if ((wanted.iou_threshold == -1 || wanted.iou_threshold == t) &&
                area.name == wanted.area && most == wanted.most) {
              some.push_back(value);
            }
          }
        }
      }
    }
    return MeanOf(std::move(some));
  }

  Result<Done> Count(const CocoRecords& objects, const CocoRecords& results) {
    const Result<internal::Side> o = internal::SideOf(objects, params_, type_);
    if (!o.ok()) return o.error();
    const Result<internal::Side> d = internal::SideOf(results, params_, type_);
    if (!d.ok()) return d.error();
    const Result<Handle> made = Make(*o, *d);
    if (!made.ok()) return made.error();
    fcis_evaluation* const handle = made->get();
    const auto matched = internal::Checked(
        [&](auto... error) {
          if (type_ != IouType::kKeypoints) {
            return fcis_evaluation_match(handle, nullptr, error...);
          }
          return fcis_evaluation_match_keypoints(
              handle, static_cast<int64_t>(params_.sigmas.size()),
              params_.sigmas.data(), o->keypoints.data(), d->keypoints.data(),
              error...);
        },
        [] { return Done(); });
    if (!matched.ok()) return matched;
    recall_.resize(T() * K() * A() * M());
    precision_.resize(recall_.size() * R());
    scores_.resize(precision_.size());
    return internal::Checked(
        [&](auto... error) {
          return fcis_evaluation_accumulate(
              handle, static_cast<int64_t>(R()),
              params_.recall_thresholds.data(), static_cast<int64_t>(M()),
              params_.max_detections.data(), precision_.data(), recall_.data(),
              scores_.data(), error...);
        },
        [] { return Done(); });
  }

  Result<Handle> Make(const internal::Side& o, const internal::Side& d) const {
    fcis_evaluation_input in = {};
    in.struct_size = sizeof(in);
    in.classes = static_cast<int64_t>(K());
    in.images = static_cast<int64_t>(params_.image_ids.size());
    in.objects = static_cast<int64_t>(o.cells.size());
    in.object_cells = o.cells.data();
    in.object_ids = o.ids.data();
    in.object_areas = o.areas.data();
    in.object_ignore = o.ignore.data();
    in.object_crowd = o.crowd.data();
    in.object_boxes = internal::NumbersOf(o.boxes);
    in.object_masks = o.masks.handle();
    in.detections = static_cast<int64_t>(d.cells.size());
    in.detection_cells = d.cells.data();
    in.detection_ids = d.ids.data();
    in.detection_areas = d.areas.data();
    in.detection_scores = d.scores.data();
    in.detection_boxes = internal::NumbersOf(d.boxes);
    in.detection_masks = d.masks.handle();
    in.thresholds = static_cast<int64_t>(T());
    in.iou_thresholds = params_.iou_thresholds.data();
    std::vector<double> ranges;
    for (const CocoAreaRange& range : params_.area_ranges) {
      ranges.insert(ranges.end(), {range.low, range.high});
    }
    in.areas = static_cast<int64_t>(A());
    in.area_ranges = ranges.data();
    in.max_detections = M() == 0 ? 0 : params_.max_detections.back();
    fcis_evaluation* handle = nullptr;
    return internal::Checked(
        [&](auto... error) {
          return fcis_evaluation_new(&in, &handle, error...);
        },
        [&] { return Handle(handle); });
  }

  IouType type_ = IouType::kBox;
  CocoParams params_;
  std::vector<double> precision_, scores_, recall_;
};

}  // namespace fcis

#endif  // FCIS_COCO_H_
