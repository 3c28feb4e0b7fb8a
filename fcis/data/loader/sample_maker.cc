#include "fcis/data/loader/sample_maker.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/random_stream.h"
#include "fcis/core/base/status_macros.h"

namespace fcis {
namespace {

void PermuteChannels(RandomStream random, Image& image) {
  std::array<size_t, 3> order = {0, 1, 2};
  for (int turns = random.Integer(0, 5); turns > 0; --turns) {
    std::next_permutation(order.begin(), order.end());
  }
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    const std::array<uint8_t, 3> rgb = {image.pixels[i], image.pixels[i + 1],
                                        image.pixels[i + 2]};
    for (size_t c = 0; c < 3; ++c) image.pixels[i + c] = rgb[order[c]];
  }
}

}  // namespace

absl::StatusOr<TrainSample> MakeSample(const TrainingSet& set, int64_t index,
                                       const InputConfig& input,
                                       const Augmentation& augmentation,
                                       uint64_t seed, int64_t n) {
  const auto random = [&](const char* what) {
    return RandomStream(absl::StrCat(what, " ", n), seed);
  };
  ASSIGN_OR_RETURN(LabelledImage picture, set.Get(index));
  if (augmentation.channel_permutation) {
    PermuteChannels(random("channels"), picture.image);
  }
  const bool flip = augmentation.flip && random("flip").Chance(.5);
  return TransformForTraining(picture.image, picture.instances, input, flip);
}

}  // namespace fcis
