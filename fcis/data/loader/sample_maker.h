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

// Unless given everything is off; a run's is that of its recipe.
struct Augmentation {
  // Mirrored left to right, half of the time.
  bool flip = false;
  // Sizes are multiplied by a random factor between these (log-uniform); above
  // 1 a random part of the picture is magnified (crop.h). 1, 1: off.
  double scale_jitter_low = 1, scale_jitter_high = 1;
  // Probability that objects of another picture are pasted in (copy_paste.h).
  double copy_paste = 0;
  double paste_zoom_low = 1;  // the smallest factor of their size
  // Red, green and blue exchanged at random.
  bool channel_permutation = false;
  // Probability that the picture is put together from parts of four (mosaic.h).
  double mosaic = 0;
  // How much colors change (color_jitter.h).
  double color_jitter = 0;
  GroundTruthRules truth;
};

// Picture `index` of the set as sample n: each augmentation draws from a stream
// of its own, named by n, so that one option does not change another's course.
// A sample may be left without instances. Errors: TrainingSet::Get's.
absl::StatusOr<TrainSample> MakeSample(const TrainingSet& set, int64_t index,
                                       const InputConfig& input,
                                       const Augmentation& augmentation,
                                       uint64_t seed, int64_t n);

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_SAMPLE_MAKER_H_
