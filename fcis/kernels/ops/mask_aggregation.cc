#include "fcis/kernels/ops/mask_aggregation.h"

#include <algorithm>

#include "fcis/core/base/multiversion.h"
#include "fcis/core/image/resize.h"

namespace fcis::kernels {
namespace {

template <typename Sum>
inline __attribute__((always_inline)) void AddRowBody(const float* above,
                                                      const float* below,
                                                      float fraction,
                                                      float thresh, Sum weight,
                                                      int n, Sum* sums) {
  // Adding 0 changes no sum, and a select is what vectorises.
  for (int x = 0; x < n; ++x) {
    sums[x] += Lerp(above[x], below[x], fraction) >= thresh ? weight : Sum{0};
  }
}

FCIS_MULTIVERSION
void AddRow(const float* above, const float* below, float fraction,
            float thresh, double weight, int n, double* sums) {
  AddRowBody(above, below, fraction, thresh, weight, n, sums);
}

FCIS_MULTIVERSION
void AddRow(const float* above, const float* below, float fraction,
            float thresh, float weight, int n, float* sums) {
  AddRowBody(above, below, fraction, thresh, weight, n, sums);
}

// The sum over a rectangle of the picture.
template <typename Sum>
class Canvas {
 public:
  explicit Canvas(const PixelBox& area)
      : area_(area), sums_(static_cast<size_t>(area.height()) * area.width()) {}

  Sum* at(int y, int x) {
    return sums_.data() + static_cast<int64_t>(y - area_.y0) * area_.width() +
           (x - area_.x0);
  }

  // `mask` [size][size] resized to `box`, cut at thresh, times weight.
  void Add(const float* mask, int size, const PixelBox& box, float thresh,
           Sum weight) {
    WidenRows(mask, size, box.width());
    for (int y = 0; y < box.height(); ++y) {
      const BilinearTap tap = MakeBilinearTap(y, size, box.height());
      const float* above = wide_.data() + tap.index * box.width();
      const float* below =
          wide_.data() + std::min(tap.index + 1, size - 1) * box.width();
      AddRow(above, below, tap.fraction, thresh, weight, box.width(),
             at(box.y0 + y, box.x0));
    }
  }

  // The smallest box that holds all sums >= thresh.
  PixelBox Extent(Sum thresh) {
    PixelBox found{area_.x1, area_.y1, area_.x0, area_.y0};
    for (int y = area_.y0; y < area_.y1; ++y) {
      const Sum* row = at(y, area_.x0);
      const Sum* end = row + area_.width();
      const auto passes = [thresh](Sum s) { return s >= thresh; };
      const Sum* first = std::find_if(row, end, passes);
      if (first == end) continue;
      const Sum* last = end - 1;
      while (!passes(*last)) --last;
      found.x0 = std::min(found.x0, area_.x0 + static_cast<int>(first - row));
      found.x1 =
          std::max(found.x1, area_.x0 + static_cast<int>(last - row) + 1);
      found.y0 = std::min(found.y0, y);
      found.y1 = y + 1;
    }
    return found;
  }

 private:
  // wide_ [size][width]: each row of the mask at the box's width.
  void WidenRows(const float* mask, int size, int width) {
    wide_.resize(static_cast<size_t>(size) * width);
    taps_.clear();
    for (int x = 0; x < width; ++x) {
      taps_.push_back(MakeBilinearTap(x, size, width));
    }
    for (int y = 0; y < size; ++y) {
      const float* in = mask + y * size;
      float* out = wide_.data() + y * width;
      for (int x = 0; x < width; ++x) {
        const BilinearTap t = taps_[x];
        out[x] =
            Lerp(in[t.index], in[std::min(t.index + 1, size - 1)], t.fraction);
      }
    }
  }

  PixelBox area_;
  RecycledVector<Sum> sums_;
  RecycledVector<float> wide_;
  RecycledVector<BilinearTap> taps_;
};

}  // namespace

template <typename Sum>
absl::optional<AggregatedMask<Sum>> AggregateMasks(
    absl::Span<const Box> boxes, const Tensor& masks,
    absl::Span<const MaskVote> votes, double binary_thresh) {
  PixelBox area;
  for (const MaskVote& vote : votes) {
    area = UnionBox(area, RoundBox(boxes[vote.roi]));
  }
  if (area.empty()) return absl::nullopt;

  Canvas<Sum> canvas(area);
  const int size = static_cast<int>(masks.dim(1));
  for (const MaskVote& vote : votes) {
    const PixelBox box = RoundBox(boxes[vote.roi]);
    if (box.empty()) continue;
    canvas.Add(masks.data<float>() + int64_t{vote.roi} * size * size, size, box,
               static_cast<float>(binary_thresh), vote.weight);
  }

  AggregatedMask<Sum> result;
  result.box = canvas.Extent(static_cast<Sum>(binary_thresh));
  if (result.box.empty()) return absl::nullopt;
  for (int y = result.box.y0; y < result.box.y1; ++y) {
    const Sum* row = canvas.at(y, result.box.x0);
    result.sums.insert(result.sums.end(), row, row + result.box.width());
  }
  return result;
}

template absl::optional<AggregatedMask<double>> AggregateMasks(
    absl::Span<const Box>, const Tensor&, absl::Span<const MaskVote>, double);
template absl::optional<AggregatedMask<float>> AggregateMasks(
    absl::Span<const Box>, const Tensor&, absl::Span<const MaskVote>, double);

}  // namespace fcis::kernels
