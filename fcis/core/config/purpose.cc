#include "fcis/core/config/purpose.h"

#include <algorithm>
#include <cmath>

namespace fcis {

PostprocessConfig PostprocessFor(const ModelConfig& config, Purpose purpose) {
  PostprocessConfig postprocess = config.postprocess();
  if (purpose == Purpose::kShow) return postprocess;
  constexpr double kNearlyAll = 1e-3;
  postprocess.set_score_thresh(
      LoweredScore(kNearlyAll, postprocess.lower_scores()));
  postprocess.MergeFrom(config.scoring());
  return postprocess;
}

void LowerScores(double logits, ModelConfig* config) {
  const auto lower = [&](PostprocessConfig* part) {
    part->set_lower_scores(part->lower_scores() + logits);
  };
  lower(config->mutable_postprocess());
  if (config->scoring().has_lower_scores()) lower(config->mutable_scoring());
}

double LoweredScore(double score, double logits) {
  if (logits == 0) return score;
  constexpr double kLeast = 1e-9;
  const double p = std::clamp(score, kLeast, 1 - kLeast);
  return 1 / (1 + std::exp(logits) * (1 - p) / p);
}

}  // namespace fcis
