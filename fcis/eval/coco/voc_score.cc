#include "fcis/eval/coco/voc_score.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "fcis/data/json/json_writer.h"
#include "fcis/eval/coco/rank_order.h"
#include "rapidjson/prettywriter.h"
#include "rapidjson/stringbuffer.h"

namespace fcis::eval {
namespace {

using Json = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

struct Curve {
  std::vector<double> precision, recall;
};

// What a detection takes; null: nothing.
const Overlap* BestOf(const Detections& detections, const ScoredDetection& d,
                      double threshold) {
  const auto overlaps = absl::MakeConstSpan(detections.overlaps)
                            .subspan(d.first_overlap, d.num_overlaps);
  const auto best = std::max_element(
      overlaps.begin(), overlaps.end(),
      [](const Overlap& a, const Overlap& b) { return a.iou < b.iou; });
  return best == overlaps.end() || best->iou < threshold ? nullptr : best;
}

// `members`: positions of a class's detections, by rank; `objects`: its number
// of them.
Curve CurveOf(const Evaluation& evaluation, absl::Span<const RankKey> members,
              double objects, double threshold) {
  const auto& truth = evaluation.truth.objects();
  const Detections& detections = evaluation.detections;
  std::vector<bool> taken(truth.size(), false);
  Curve curve;
  double right = 0, wrong = 0;
  for (const RankKey& member : members) {
    const Overlap* best =
        BestOf(detections, detections.list[member.position], threshold);
    if (best != nullptr && truth[best->object].ignore) continue;
    const bool found = best != nullptr && !taken[best->object];
    if (found) taken[best->object] = true;
    ++(found ? right : wrong);
    curve.precision.push_back(right / (right + wrong));
    curve.recall.push_back(right / objects);
  }
  return curve;
}

double AreaUnder(const Curve& curve) {
  double area = 0, precision = 0;
  for (size_t i = curve.recall.size(); i-- > 0;) {
    precision = std::max(precision, curve.precision[i]);
    const double before = i == 0 ? 0 : curve.recall[i - 1];
    area += (curve.recall[i] - before) * precision;
  }
  return area;
}

double ElevenPoints(const Curve& curve) {
  double sum = 0;
  for (int step = 0; step <= 10; ++step) {
    const double recall = step * .1;  // as numpy's arange has it
    double best = 0;
    for (size_t i = 0; i < curve.recall.size(); ++i) {
      if (curve.recall[i] >= recall) best = std::max(best, curve.precision[i]);
    }
    sum += best / 11;
  }
  return sum;
}

VocAp ScoreClass(const Evaluation& evaluation, int klass,
                 absl::Span<const RankKey> members, double threshold) {
  int64_t objects = 0;
  for (const uint32_t position : evaluation.truth.ObjectsOf(klass)) {
    objects += !evaluation.truth.objects()[position].ignore;
  }
  if (objects == 0) return {};
  const Curve curve =
      CurveOf(evaluation, members, static_cast<double>(objects), threshold);
  return {AreaUnder(curve), ElevenPoints(curve)};
}

// Detections by class and rank.
std::vector<std::vector<RankKey>> Ranked(const Evaluation& evaluation) {
  const auto& list = evaluation.detections.list;
  std::vector<std::vector<RankKey>> classes(
      static_cast<size_t>(evaluation.truth.num_classes()));
  for (size_t i = 0; i < list.size(); ++i) {
    const int klass = evaluation.truth.ClassOf(list[i].category);
    classes[static_cast<size_t>(klass)].push_back(
        {list[i].score, static_cast<uint32_t>(i)});
  }
  for (std::vector<RankKey>& keys : classes) {
    SortByRank(keys, [&](const RankKey& a, const RankKey& b) {
      return std::tie(list[a.position].image, a.position) <
             std::tie(list[b.position].image, b.position);
    });
  }
  return classes;
}

// Over the values that there are.
VocAp MeanOf(const std::vector<VocAp>& aps) {
  VocAp mean{0, 0};
  int count = 0;
  for (const VocAp& ap : aps) {
    if (ap.area < 0) continue;
    mean.area += ap.area;
    mean.eleven += ap.eleven;
    ++count;
  }
  if (count == 0) return {};
  return {mean.area / count, mean.eleven / count};
}

std::vector<std::string> Cells(const std::string& name,
                               const std::vector<VocAp>& aps) {
  std::vector<std::string> cells = {name};
  const auto add = [&](double value) {
    cells.push_back(value < 0 ? "nan" : absl::StrFormat("%.4f", value));
  };
  for (const VocAp& ap : aps) add(ap.area);
  for (const VocAp& ap : aps) add(ap.eleven);
  return cells;
}

void PutAps(const std::vector<VocAp>& aps, Json& json) {
  data::PutArray("AP", aps, json,
                 [&](const VocAp& ap) { data::PutJson(ap.area, json); });
  data::PutArray("AP07", aps, json,
                 [&](const VocAp& ap) { data::PutJson(ap.eleven, json); });
}

}  // namespace

VocScores ScoreVoc(const Evaluation& evaluation) {
  const std::vector<std::vector<RankKey>> ranked = Ranked(evaluation);
  VocScores scores;
  scores.thresholds = evaluation.options.iou_thresholds;
  for (const CategoryRow& row : CategoryRows(evaluation)) {
    VocScores::Class& of_class = scores.classes.emplace_back();
    of_class.id = row.id;
    of_class.name = row.label;
    const int klass = evaluation.options.class_agnostic
                          ? 0
                          : evaluation.truth.FindCategory(row.id);
    for (const double threshold : scores.thresholds) {
      of_class.aps.push_back(ScoreClass(evaluation, klass,
                                        ranked[static_cast<size_t>(klass)],
                                        MatchThreshold(threshold)));
    }
  }
  for (size_t t = 0; t < scores.thresholds.size(); ++t) {
    std::vector<VocAp> aps;
    for (const auto& of_class : scores.classes) aps.push_back(of_class.aps[t]);
    scores.means.push_back(MeanOf(aps));
  }
  return scores;
}

std::string VocText(const VocScores& scores) {
  std::string text;
  for (size_t t = 0; t < scores.thresholds.size(); ++t) {
    absl::StrAppendFormat(&text, "mAP@%.2f %.4f (VOC 2007: %.4f)\n",
                          scores.thresholds[t], scores.means[t].area,
                          scores.means[t].eleven);
  }
  return text;
}

TableRows VocRows(const VocScores& scores) {
  std::vector<std::string> head = {"Item"};
  for (const char* what : {"AP", "AP07"}) {
    for (const double threshold : scores.thresholds) {
      head.push_back(absl::StrFormat("%s@%.2f", what, threshold));
    }
  }
  TableRows rows = {std::move(head), Cells("mean", scores.means)};
  for (const auto& of_class : scores.classes) {
    rows.push_back(Cells(of_class.name, of_class.aps));
  }
  return rows;
}

std::string VocJson(const VocScores& scores,
                    const std::vector<std::string>& findings) {
  const auto put = [&](Json& json) {
    data::PutObject(json, [&] {
      data::PutMember("metric", "voc", json);
      data::PutArray("iou_thresholds", scores.thresholds, json);
      data::PutObject("mean", json, [&] { PutAps(scores.means, json); });
      data::PutArray("per_category", scores.classes, json,
                     [&](const VocScores::Class& of_class) {
                       data::PutObject(json, [&] {
                         PutId("category_id", of_class.id, json);
                         data::PutMember("name", of_class.name, json);
                         PutAps(of_class.aps, json);
                       });
                     });
      data::PutArray("warnings", findings, json);
    });
  };
  return data::PrettyJsonOf(put) + "\n";
}

}  // namespace fcis::eval
