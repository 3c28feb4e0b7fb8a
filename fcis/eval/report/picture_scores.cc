#include "fcis/eval/report/picture_scores.h"

#include <tuple>

#include "absl/algorithm/container.h"

namespace fcis::eval {
namespace {

double IouWith(const OverlapTable& table, const TableDetection& detection,
               int object) {
  for (const Overlap& overlap : table.OverlapsOf(detection)) {
    if (static_cast<int>(overlap.object) == object) return overlap.iou;
  }
  return 0;
}

}  // namespace

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
