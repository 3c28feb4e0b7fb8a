#include "fcis/core/config/purpose.h"

namespace fcis {

PostprocessConfig PostprocessFor(const ModelConfig& config, Purpose purpose) {
  PostprocessConfig postprocess = config.postprocess();
  if (purpose == Purpose::kShow) return postprocess;
  constexpr double kNearlyAll = 1e-3;
  postprocess.set_score_thresh(kNearlyAll);
  postprocess.MergeFrom(config.scoring());
  return postprocess;
}

}  // namespace fcis
