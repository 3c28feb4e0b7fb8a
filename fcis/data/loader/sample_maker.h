// What a trainer gets for the number n of a run: a pure function of the data
// set, the options, the seed and n.
#ifndef FCIS_DATA_LOADER_SAMPLE_MAKER_H_
#define FCIS_DATA_LOADER_SAMPLE_MAKER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/data/loader/training_set.h"
#include "fcis/data/transform/train_transform.h"

namespace fcis::data {

// Whether pictures of one size become samples of several.
bool JittersScale(const AugmentationConfig& augmentation);

// Picture `index` of the set as sample n: each augmentation draws from a stream
// of its own, named by n, so that one option does not change another's course.
// A sample may be left without instances. Errors: TrainingSet::Get's.
absl::StatusOr<TrainSample> MakeSample(const TrainingSet& set, int64_t index,
                                       const InputConfig& input,
                                       const AugmentationConfig& augmentation,
                                       const GroundTruthConfig& truth,
                                       uint64_t seed, int64_t n);

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_SAMPLE_MAKER_H_
