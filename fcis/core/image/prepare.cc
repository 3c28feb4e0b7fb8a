#include "fcis/core/image/prepare.h"

#include <algorithm>

#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/image/column_mixer.h"
#include "fcis/core/image/resize.h"
#include "fcis/core/tensor/block_cache.h"

namespace fcis {
namespace {

constexpr int kChannels = 3;

FCIS_MULTIVERSION
void ToFloats(const uint8_t* bytes, int n, float* out) {
  for (int i = 0; i < n; ++i) out[i] = bytes[i];
}

FCIS_MULTIVERSION
void MixRows(const float* above, const float* below, float fraction,
             const float* mean, int n, float* out) {
  for (int i = 0; i < n; ++i) {
    out[i] = Lerp(above[i], below[i], fraction) - mean[i];
  }
}

}  // namespace

PreparedSize SizeToPrepare(int height, int width, const InputConfig& config) {
  double scale =
      static_cast<double>(config.min_size()) / std::min(height, width);
  if (scale * std::max(height, width) > config.max_size()) {
    scale = static_cast<double>(config.max_size()) / std::max(height, width);
  }
  PreparedSize size;
  size.height = static_cast<int>(height * scale);
  size.width = static_cast<int>(width * scale);
  const auto ratio = [scale](int prepared, int original) {
    return prepared < 1 ? scale : static_cast<double>(prepared) / original;
  };
  size.scale = ratio(size.height, height);
  size.width_scale = ratio(size.width, width);
  size.height = std::max(1, size.height);
  size.width = std::max(1, size.width);
  return size;
}

absl::StatusOr<Tensor> Prepare(const Image& image, const InputConfig& config,
                               bool mirrored) {
  if (image.empty()) return absl::InvalidArgumentError("the picture is empty");
  const PreparedSize size = SizeToPrepare(image.height, image.width, config);
  Tensor out(Shape{1, size.height, size.width, kChannels});
  const ColumnMixer mixer(image.width, size.width, mirrored);
  const int row = size.width * kChannels;
  RecycledVector<float> mean(row);
  for (int i = 0; i < row; ++i) mean[i] = config.mean(i % kChannels);

  float* const pixels = out.mutable_data<float>();
  constexpr int kRowsPerTask = 32;
  ParallelFor(size.height, kRowsPerTask, [&](int64_t begin, int64_t end) {
    RecycledVector<float> source(mixer.source_size());
    // One row of the picture at the output's width.
    const auto widen = [&](int y, float* to) {
      ToFloats(image.row(y), image.width * kChannels, source.data());
      mixer.Run(source.data(), to);
    };
    RecycledVector<float> rows(2 * static_cast<size_t>(row));
    float* above = rows.data();
    float* below = above + row;
    int have = -2;  // source row that `above` holds; `below` holds the next
    for (int64_t y = begin; y < end; ++y) {
      const BilinearTap t = MakeBilinearTap(y, image.height, size.height);
      if (t.index != have) {
        if (t.index == have + 1) {
          std::swap(above, below);
        } else {
          widen(t.index, above);
        }
        widen(std::min(t.index + 1, image.height - 1), below);
        have = t.index;
      }
      MixRows(above, below, t.fraction, mean.data(), row, pixels + y * row);
    }
  });
  return out;
}

}  // namespace fcis
