#include "fcis/eval/report/confusion.h"

namespace fcis::eval {
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

}  // namespace fcis::eval
