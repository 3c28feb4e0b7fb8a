#include "fcis/eval/report/error_breakdown.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"

namespace fcis::eval {
namespace {

constexpr int kRecallSteps = 100;

// A detection as average precision sees it.
struct Point {
  double score;
  bool correct;
};

// tidecv's, of which COCOeval's differs in rounding. Equal scores keep their
// order. Without objects 0.
double AveragePrecision(std::vector<Point> points, int64_t num_objects) {
  if (num_objects <= 0) return 0;
  absl::c_stable_sort(
      points, [](const Point& a, const Point& b) { return a.score > b.score; });
  std::vector<double> precision, recall;
  double correct = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    correct += points[i].correct;
    precision.push_back(correct / static_cast<double>(i + 1));
    recall.push_back(correct / static_cast<double>(num_objects));
  }
  for (size_t i = precision.size(); i-- > 1;) {
    precision[i - 1] = std::max(precision[i - 1], precision[i]);
  }
  double sum = 0;
  for (int step = 0; step <= kRecallSteps; ++step) {
    const auto at =
        absl::c_lower_bound(recall, static_cast<double>(step) / kRecallSteps);
    if (at != recall.end()) {
      sum += precision[static_cast<size_t>(at - recall.begin())];
    }
  }
  return sum / (kRecallSteps + 1);
}

// The points and objects of each class.
struct ClassPoints {
  std::vector<std::vector<Point>> points;
  std::vector<int64_t> num_objects;

  explicit ClassPoints(int num_classes)
      : points(static_cast<size_t>(num_classes)),
        num_objects(static_cast<size_t>(num_classes)) {}

  void Add(int klass, double score, bool correct) {
    points[static_cast<size_t>(klass)].push_back({score, correct});
  }
  double MeanAp() const {
    double sum = 0;
    int classes = 0;
    for (size_t k = 0; k < points.size(); ++k) {
      if (points[k].empty() && num_objects[k] == 0) continue;
      sum += AveragePrecision(points[k], num_objects[k]);
      ++classes;
    }
    return classes == 0 ? 0 : sum / classes;
  }
};

class Breakdown {
 public:
  explicit Breakdown(const OverlapTable& table);
  ErrorBreakdown Run();

 private:
  void MatchPicture(size_t begin, size_t end);
  bool InCrowd(const TableDetection& detection) const;
  void Explain(size_t d);
  void CountMissed();
  double ApWithout(ErrorKind kind) const;
  double Ap(bool false_positives_last) const;
  double ApWithoutUnfound() const;
  void AddObjects(ClassPoints& points) const;

  const OverlapTable& table_;
  ErrorBreakdown result_;
  // The detection that would find an object if its error were mended: the best
  // of those that would; -1: none, or it is found.
  std::vector<int> claimed_by_;
};

Breakdown::Breakdown(const OverlapTable& table) : table_(table) {
  result_.fates.resize(table.detections.size());
  result_.found.assign(table.objects.size(), 0);
  claimed_by_.assign(table.objects.size(), -1);
}

// Each detection, by descending score, takes the free object of its class with
// the largest IoU, of equal ones the first.
void Breakdown::MatchPicture(size_t begin, size_t end) {
  for (size_t d = begin; d < end; ++d) {
    const TableDetection& detection = table_.detections[d];
    double best = 0;
    int taken = -1;
    for (const Overlap& overlap : table_.OverlapsOf(detection)) {
      const TableObject& object = table_.objects[overlap.object];
      if (object.crowd || object.klass != detection.klass) continue;
      if (result_.found[overlap.object] || !(overlap.iou > best)) continue;
      best = overlap.iou;
      taken = static_cast<int>(overlap.object);
    }
    DetectionFate& fate = result_.fates[d];
    if (best >= kForegroundIou) {
      fate.correct = true;
      fate.object = taken;
      result_.found[static_cast<size_t>(taken)] = 1;
    } else {
      fate.ignored = InCrowd(detection);
    }
  }
}

bool Breakdown::InCrowd(const TableDetection& detection) const {
  return absl::c_any_of(
      table_.OverlapsOf(detection), [&](const Overlap& overlap) {
        const TableObject& object = table_.objects[overlap.object];
        return object.crowd && object.klass == detection.klass &&
               overlap.iou > kForegroundIou;
      });
}

// In tidecv's order of questions. (Exactly at a threshold a detection may fit
// two kinds.)
void Breakdown::Explain(size_t d) {
  const TableDetection& detection = table_.detections[d];
  double same = 0, other = 0, same_found = 0;
  int same_object = -1, other_object = -1;
  for (const Overlap& overlap : table_.OverlapsOf(detection)) {
    const TableObject& object = table_.objects[overlap.object];
    if (object.crowd) continue;
    const bool is_same = object.klass == detection.klass;
    double& best = is_same ? same : other;
    if (is_same && result_.found[overlap.object]) {
      same_found = std::max(same_found, overlap.iou);
    }
    if (!(overlap.iou > best)) continue;
    best = overlap.iou;
    (is_same ? same_object : other_object) = static_cast<int>(overlap.object);
  }
  DetectionFate& fate = result_.fates[d];
  if (same >= kBackgroundIou && same <= kForegroundIou) {
    fate.error = ErrorKind::kLocation;
    fate.object = same_object;
  } else if (other >= kForegroundIou) {
    fate.error = ErrorKind::kClass;
    fate.object = other_object;
  } else if (same_found >= kForegroundIou) {
    fate.error = ErrorKind::kDuplicate;
  } else if (std::max(same, other) <= kBackgroundIou) {
    fate.error = ErrorKind::kBackground;
  } else {
    fate.error = ErrorKind::kBoth;
  }
  ++result_.counts[static_cast<size_t>(fate.error)];
  if (fate.object < 0) return;
  const auto object = static_cast<size_t>(fate.object);
  if (!result_.found[object] && claimed_by_[object] < 0) {
    claimed_by_[object] = static_cast<int>(d);
  }
}

void Breakdown::CountMissed() {
  for (size_t i = 0; i < table_.objects.size(); ++i) {
    result_.counts[static_cast<size_t>(ErrorKind::kMissed)] +=
        !table_.objects[i].crowd && !result_.found[i] && claimed_by_[i] < 0;
  }
}

void Breakdown::AddObjects(ClassPoints& points) const {
  for (const TableObject& object : table_.objects) {
    points.num_objects[static_cast<size_t>(object.klass)] += !object.crowd;
  }
}

double Breakdown::Ap(bool false_positives_last) const {
  ClassPoints points(table_.num_classes);
  AddObjects(points);
  for (size_t d = 0; d < table_.detections.size(); ++d) {
    const DetectionFate& fate = result_.fates[d];
    if (fate.ignored) continue;
    points.Add(table_.detections[d].klass,
               false_positives_last ? fate.correct : table_.detections[d].score,
               fate.correct);
  }
  return points.MeanAp();
}

double Breakdown::ApWithout(ErrorKind kind) const {
  ClassPoints points(table_.num_classes);
  AddObjects(points);
  // tidecv puts errors before correct detections of the same score.
  for (size_t d = 0; d < table_.detections.size(); ++d) {
    const TableDetection& detection = table_.detections[d];
    const DetectionFate& fate = result_.fates[d];
    if (fate.correct) continue;
    if (fate.error != kind) {
      if (!fate.ignored) points.Add(detection.klass, detection.score, false);
      continue;
    }
    if (fate.object < 0) continue;
    const auto object = static_cast<size_t>(fate.object);
    if (claimed_by_[object] != static_cast<int>(d)) continue;
    points.Add(table_.objects[object].klass, detection.score, true);
  }
  for (size_t d = 0; d < table_.detections.size(); ++d) {
    if (!result_.fates[d].correct) continue;
    points.Add(table_.detections[d].klass, table_.detections[d].score, true);
  }
  if (kind == ErrorKind::kMissed) {
    for (size_t i = 0; i < table_.objects.size(); ++i) {
      const TableObject& object = table_.objects[i];
      points.num_objects[static_cast<size_t>(object.klass)] -=
          !object.crowd && !result_.found[i] && claimed_by_[i] < 0;
    }
  }
  return points.MeanAp();
}

double Breakdown::ApWithoutUnfound() const {
  ClassPoints points(table_.num_classes);
  for (size_t i = 0; i < table_.objects.size(); ++i) {
    points.num_objects[static_cast<size_t>(table_.objects[i].klass)] +=
        result_.found[i];
  }
  for (const bool correct : {false, true}) {
    for (size_t d = 0; d < table_.detections.size(); ++d) {
      const DetectionFate& fate = result_.fates[d];
      if (fate.ignored || fate.correct != correct) continue;
      points.Add(table_.detections[d].klass, table_.detections[d].score,
                 correct);
    }
  }
  return points.MeanAp();
}

ErrorBreakdown Breakdown::Run() {
  const auto& detections = table_.detections;
  for (size_t begin = 0, end; begin < detections.size(); begin = end) {
    end = begin;
    while (end < detections.size() &&
           detections[end].picture == detections[begin].picture) {
      ++end;
    }
    MatchPicture(begin, end);
    for (size_t d = begin; d < end; ++d) {
      if (!result_.fates[d].correct) Explain(d);
    }
  }
  CountMissed();
  result_.ap = Ap(/*false_positives_last=*/false);
  for (int kind = 0; kind < kNumErrorKinds; ++kind) {
    result_.gains[static_cast<size_t>(kind)] =
        std::max(ApWithout(static_cast<ErrorKind>(kind)) - result_.ap, 0.0);
  }
  result_.false_positive_gain = Ap(/*false_positives_last=*/true) - result_.ap;
  result_.false_negative_gain = ApWithoutUnfound() - result_.ap;
  return std::move(result_);
}

}  // namespace

ErrorBreakdown BreakDownErrors(const OverlapTable& table) {
  return Breakdown(table).Run();
}

}  // namespace fcis::eval
