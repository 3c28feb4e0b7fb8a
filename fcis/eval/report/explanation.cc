#include "fcis/eval/report/explanation.h"

#include <tuple>

#include "absl/algorithm/container.h"
#include "fcis/eval/coco/score_table.h"

namespace fcis::eval {

Explanation Explain(const Evaluation& evaluation) {
  Explanation explanation;
  explanation.class_names = evaluation.options.class_agnostic
                                ? std::vector<std::string>{"object"}
                                : CategoryLabels(evaluation);
  explanation.table = MakeOverlapTable(evaluation);
  const OverlapTable& table = explanation.table;
  explanation.breakdown = BreakDownErrors(table);
  explanation.outcomes = OutcomesOf(table, explanation.breakdown);
  explanation.point = BestOperatingPoint(
      explanation.outcomes,
      absl::c_count_if(table.objects, [](const TableObject& object) {
        return !object.crowd;
      }));
  return explanation;
}

namespace {

struct Choice {
  int object = -1;
  bool in_crowd = false;
};

Choice Choose(const OverlapTable& table, const TableDetection& detection,
              const std::vector<uint8_t>& used) {
  Choice choice;
  double best = 0;
  for (const Overlap& overlap : table.OverlapsOf(detection)) {
    if (!(overlap.iou >= kForegroundIou)) continue;
    const TableObject& object = table.objects[overlap.object];
    if (object.crowd) {
      choice.in_crowd |= object.klass == detection.klass;
    } else if (!used[overlap.object] && overlap.iou > best) {
      best = overlap.iou;
      choice.object = static_cast<int>(overlap.object);
    }
  }
  return choice;
}

}  // namespace

ConfusionMatrix Confuse(const OverlapTable& table, double min_score) {
  const size_t classes = static_cast<size_t>(table.num_classes);
  ConfusionMatrix matrix;
  matrix.num_classes = table.num_classes;
  matrix.counts.resize((classes + 1) * (classes + 1));
  const auto count = [&](size_t truth, size_t detected) {
    ++matrix.counts[truth * (classes + 1) + detected];
  };
  std::vector<uint8_t> used(table.objects.size(), 0);
  for (const TableDetection& detection : table.detections) {
    if (detection.score < min_score) continue;
    const auto detected = static_cast<size_t>(detection.klass);
    const Choice choice = Choose(table, detection, used);
    if (choice.object >= 0) {
      const auto object = static_cast<size_t>(choice.object);
      used[object] = 1;
      count(static_cast<size_t>(table.objects[object].klass), detected);
    } else if (!choice.in_crowd) {
      count(classes, detected);
    }
  }
  for (size_t i = 0; i < table.objects.size(); ++i) {
    if (table.objects[i].crowd || used[i]) continue;
    count(static_cast<size_t>(table.objects[i].klass), classes);
  }
  return matrix;
}

double IouWith(const OverlapTable& table, const TableDetection& detection,
               int object) {
  for (const Overlap& overlap : table.OverlapsOf(detection)) {
    if (static_cast<int>(overlap.object) == object) return overlap.iou;
  }
  return 0;
}

// A cut by score takes the tail of each picture's list, so what is kept was
// matched as if the rest had never been there.
std::vector<PictureScore> RankPictures(const OverlapTable& table,
                                       const ErrorBreakdown& breakdown,
                                       double min_score) {
  std::vector<PictureScore> all(static_cast<size_t>(table.num_pictures));
  for (const TableObject& object : table.objects) {
    all[static_cast<size_t>(object.picture)].missed += !object.crowd;
  }
  for (size_t d = 0; d < table.detections.size(); ++d) {
    const TableDetection& detection = table.detections[d];
    const DetectionFate& fate = breakdown.fates[d];
    if (fate.ignored || detection.score < min_score) continue;
    PictureScore& score = all[static_cast<size_t>(detection.picture)];
    if (fate.correct) {
      ++score.found;
      --score.missed;
      score.quality += IouWith(table, detection, fate.object);
    } else {
      ++score.wrong;
    }
  }
  std::vector<PictureScore> ranked;
  for (size_t i = 0; i < all.size(); ++i) {
    PictureScore& score = all[i];
    score.picture = static_cast<int>(i);
    const int errors = score.missed + score.wrong;
    if (score.found + errors == 0) continue;
    score.quality /= score.found + errors / 2.0;
    ranked.push_back(score);
  }
  absl::c_sort(ranked, [](const PictureScore& a, const PictureScore& b) {
    return std::make_tuple(-a.quality, -a.found, a.missed + a.wrong,
                           a.picture) <
           std::make_tuple(-b.quality, -b.found, b.missed + b.wrong, b.picture);
  });
  return ranked;
}

}  // namespace fcis::eval
