// What instances are wanted for: programs that show them keep few and sure
// ones, programs that score them nearly all.
#ifndef FCIS_CORE_CONFIG_PURPOSE_H_
#define FCIS_CORE_CONFIG_PURPOSE_H_

#include "fcis/core/config/fcis.pb.h"

namespace fcis {

enum class Purpose { kShow, kScore };

// kShow: config.postprocess(). kScore: the same, with what config.scoring()
// gives in its place; a score_thresh that it does not give is 1e-3, as the
// references evaluate, of the network's own scores (lower_scores).
PostprocessConfig PostprocessFor(const ModelConfig& config, Purpose purpose);

// Makes the scores of a model so much lower than they are (lower_scores).
void LowerScores(double logits, ModelConfig* config);

// The score whose logit is `logits` less (PostprocessConfig.lower_scores).
// Scores are moved into [1e-9, 1 - 1e-9] first, unless `logits` is 0.
double LoweredScore(double score, double logits);

}  // namespace fcis

#endif  // FCIS_CORE_CONFIG_PURPOSE_H_
