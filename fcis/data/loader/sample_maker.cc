#include "fcis/data/loader/sample_maker.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/random_stream.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/image/prepare.h"
#include "fcis/data/transform/color_jitter.h"
#include "fcis/data/transform/copy_paste.h"
#include "fcis/data/transform/crop.h"
#include "fcis/data/transform/mosaic.h"

namespace fcis::data {
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

// The number of a picture.
int64_t AnyOf(const TrainingSet& set, RandomStream& random) {
  return static_cast<int64_t>(random.Bits() %
                              static_cast<uint64_t>(set.size()));
}

absl::Status PasteAnother(const TrainingSet& set, const InputConfig& input,
                          const AugmentationConfig& augmentation,
                          RandomStream random, LabelledImage& picture) {
  ASSIGN_OR_RETURN(const LabelledImage source, set.Get(AnyOf(set, random)));
  const auto scale = [&](const Image& image) {
    return SizeToPrepare(image.height, image.width, input).scale;
  };
  // As large in the prepared picture as in that of their own.
  PasteOptions options;
  options.zoom = scale(source.image) / scale(picture.image);
  options.mirror = augmentation.flip();
  options.reduce = augmentation.paste_zoom_low();
  PasteObjects(source, options, random, picture);
  return absl::OkStatus();
}

// The picture and three others.
absl::StatusOr<LabelledImage> MosaicOf(const TrainingSet& set,
                                       LabelledImage picture,
                                       RandomStream random) {
  std::array<LabelledImage, 4> pictures;
  pictures[0] = std::move(picture);
  for (size_t i = 1; i < pictures.size(); ++i) {
    ASSIGN_OR_RETURN(pictures[i], set.Get(AnyOf(set, random)));
  }
  return Mosaic(std::move(pictures), random);
}

// Magnifies a part, or makes the prepared picture smaller.
void JitterScale(double low, double high, RandomStream random,
                 LabelledImage& picture, InputConfig& input) {
  const double factor = std::exp(random.Uniform(std::log(low), std::log(high)));
  if (factor > 1) {
    picture = RandomZoom(std::move(picture), factor, random);
    return;
  }
  input.set_min_size(RoundedSide(input.min_size() * factor, input.min_size()));
  input.set_max_size(RoundedSide(input.max_size() * factor, input.max_size()));
}

}  // namespace

bool JittersScale(const AugmentationConfig& augmentation) {
  return augmentation.scale_jitter_low() != 1 ||
         augmentation.scale_jitter_high() != 1;
}

absl::StatusOr<TrainSample> MakeSample(const TrainingSet& set, int64_t index,
                                       const InputConfig& input,
                                       const AugmentationConfig& augmentation,
                                       const GroundTruthConfig& truth,
                                       uint64_t seed, int64_t n) {
  const auto random = [&](const char* what) {
    return RandomStream(absl::StrCat(what, " ", n), seed);
  };
  ASSIGN_OR_RETURN(LabelledImage picture, set.Get(index));
  if (RandomStream mosaic = random("mosaic");
      mosaic.Chance(augmentation.mosaic())) {
    ASSIGN_OR_RETURN(picture, MosaicOf(set, std::move(picture), mosaic));
  }
  if (RandomStream paste = random("paste");
      paste.Chance(augmentation.copy_paste())) {
    RETURN_IF_ERROR(PasteAnother(set, input, augmentation, paste, picture));
  }
  if (augmentation.channel_permutation()) {
    PermuteChannels(random("channels"), picture.image);
  }
  if (augmentation.color_jitter() > 0) {
    RandomStream colors = random("colors");
    ChangeColors(RandomColorFactors(augmentation.color_jitter(), colors),
                 picture.image);
  }
  const bool flip = augmentation.flip() && random("flip").Chance(.5);
  InputConfig size = input;
  if (JittersScale(augmentation)) {
    JitterScale(augmentation.scale_jitter_low(),
                augmentation.scale_jitter_high(), random("scale"), picture,
                size);
  }
  return TransformForTraining(picture.image, picture.instances, size, flip,
                              truth);
}

}  // namespace fcis::data
