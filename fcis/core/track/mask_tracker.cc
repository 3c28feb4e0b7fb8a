#include "fcis/core/track/mask_tracker.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <utility>

#include "absl/algorithm/container.h"
#include "fcis/core/geometry/pixel_box.h"

namespace fcis {
namespace {

PixelBox Bounds(const PastedMask& mask) {
  return {mask.x0, mask.y0, mask.x0 + mask.width, mask.y0 + mask.height};
}

PixelBox CommonBox(const PixelBox& a, const PixelBox& b) {
  return {std::max(a.x0, b.x0), std::max(a.y0, b.y0), std::min(a.x1, b.x1),
          std::min(a.y1, b.y1)};
}

// Where the pixel's row begins at (x, y) of the frame.
const uint8_t* RowAt(const PastedMask& mask, int y, int x) {
  return mask.bits.data() + static_cast<size_t>(y - mask.y0) * mask.width +
         (x - mask.x0);
}

int64_t Area(const PastedMask& mask) {
  return absl::c_accumulate(mask.bits, int64_t{0});
}

// `box`: within the mask.
PastedMask Cut(const PastedMask& mask, const PixelBox& box) {
  PastedMask cut = CutMask(
      mask.bits.data(), mask.width,
      {box.x0 - mask.x0, box.y0 - mask.y0, box.x1 - mask.x0, box.y1 - mask.y0});
  if (cut.width == 0) return cut;
  cut.x0 = box.x0;
  cut.y0 = box.y0;
  return cut;
}

struct Candidate {
  double iou = 0;
  int track = 0, found = 0;
};

}  // namespace

double PastedMaskIou(const PastedMask& a, const PastedMask& b) {
  const PixelBox common = CommonBox(Bounds(a), Bounds(b));
  if (common.empty()) return 0;
  int64_t shared = 0;
  for (int y = common.y0; y < common.y1; ++y) {
    const uint8_t* in_a = RowAt(a, y, common.x0);
    const uint8_t* in_b = RowAt(b, y, common.x0);
    for (int x = 0; x < common.width(); ++x) shared += in_a[x] & in_b[x];
  }
  if (shared == 0) return 0;
  return static_cast<double>(shared) /
         static_cast<double>(Area(a) + Area(b) - shared);
}

TrackedInstance MoveInstance(const TrackedInstance& instance, int dx, int dy,
                             int height, int width) {
  TrackedInstance moved = instance;
  moved.box = ClipBox({instance.box.x0 + dx, instance.box.y0 + dy,
                       instance.box.x1 + dx, instance.box.y1 + dy},
                      static_cast<float>(width), static_cast<float>(height));
  moved.mask.x0 += dx;
  moved.mask.y0 += dy;
  const PixelBox bounds = Bounds(moved.mask);
  const PixelBox inside = CommonBox(bounds, {0, 0, width, height});
  if (!(inside == bounds)) moved.mask = Cut(moved.mask, inside);
  return moved;
}

TrackedInstance MaskTracker::At(const Track& track, int64_t frame) const {
  // Beyond the frame is far enough.
  const auto shift = [&](double velocity, int side) {
    const double pixels = velocity * static_cast<double>(frame - track.frame);
    return static_cast<int>(
        std::lround(std::clamp<double>(pixels, -side, side)));
  };
  return MoveInstance(track.last, shift(track.vx, width_),
                      shift(track.vy, height_), height_, width_);
}

std::vector<int> MaskTracker::Match(
    int64_t frame, const std::vector<TrackedInstance>& found) const {
  std::vector<Candidate> candidates;
  for (size_t t = 0; t < tracks_.size(); ++t) {
    const TrackedInstance expected = At(tracks_[t], frame);
    for (size_t i = 0; i < found.size(); ++i) {
      if (found[i].label != expected.label) continue;
      const double iou = PastedMaskIou(found[i].mask, expected.mask);
      if (iou > 0 && iou >= options_.min_iou) {
        candidates.push_back({iou, static_cast<int>(t), static_cast<int>(i)});
      }
    }
  }
  absl::c_sort(candidates, [](const Candidate& a, const Candidate& b) {
    return std::make_tuple(-a.iou, a.track, a.found) <
           std::make_tuple(-b.iou, b.track, b.found);
  });
  std::vector<int> track_of(found.size(), -1);
  std::vector<bool> taken(tracks_.size());
  for (const Candidate& candidate : candidates) {
    if (taken[candidate.track] || track_of[candidate.found] >= 0) continue;
    taken[candidate.track] = true;
    track_of[candidate.found] = candidate.track;
  }
  return track_of;
}

void MaskTracker::Follow(int64_t frame, const TrackedInstance& seen,
                         Track* track) {
  const Box &from = track->last.box, &to = seen.box;
  const double frames = static_cast<double>(frame - track->frame);
  const double vx = (to.x0 + to.x1 - from.x0 - from.x1) / 2 / frames;
  const double vy = (to.y0 + to.y1 - from.y0 - from.y1) / 2 / frames;
  // The mean of the new and what was: boxes jitter.
  track->vx = track->moves ? (track->vx + vx) / 2 : vx;
  track->vy = track->moves ? (track->vy + vy) / 2 : vy;
  track->moves = true;
  track->last = seen;
  track->frame = frame;
}

void MaskTracker::Observe(int64_t frame, std::vector<TrackedInstance>* found) {
  observed_ = frame;
  tracks_.erase(std::remove_if(tracks_.begin(), tracks_.end(),
                               [&](const Track& track) {
                                 return frame - track.frame > options_.max_age;
                               }),
                tracks_.end());
  const std::vector<int> track_of = Match(frame, *found);
  for (size_t i = 0; i < found->size(); ++i) {
    TrackedInstance& instance = (*found)[i];
    if (track_of[i] >= 0) {
      Track& track = tracks_[track_of[i]];
      instance.id = track.last.id;
      Follow(frame, instance, &track);
    } else {
      instance.id = ++num_tracks_;
      Track track;
      track.last = instance;
      track.frame = frame;
      tracks_.push_back(std::move(track));
    }
  }
}

std::vector<TrackedInstance> MaskTracker::Predict(int64_t frame) const {
  std::vector<TrackedInstance> instances;
  for (const Track& track : tracks_) {
    if (track.frame != observed_) continue;
    TrackedInstance instance = At(track, frame);
    if (instance.mask.width > 0) instances.push_back(std::move(instance));
  }
  return instances;
}

}  // namespace fcis
