// MaskTracker: which instance of one frame of a video is which of another.
#ifndef FCIS_CORE_TRACK_MASK_TRACKER_H_
#define FCIS_CORE_TRACK_MASK_TRACKER_H_

#include <cstdint>
#include <vector>

#include "fcis/core/geometry/box.h"
#include "fcis/core/mask/paste.h"

namespace fcis {

struct TrackedInstance {
  int id = 0;  // of its track, 1, 2, ...
  int label = 0;
  float score = 0;
  Box box;          // in pixels of the frame
  PastedMask mask;  // inside the frame
};

// Shared pixels over those of either; 0 without pixels.
double PastedMaskIou(const PastedMask& a, const PastedMask& b);

// The instance so many pixels further right and down; what leaves the frame of
// height x width is cut off, of the mask and of the box.
TrackedInstance MoveInstance(const TrackedInstance& instance, int dx, int dy,
                             int height, int width);

// Each track has one label. Instances and tracks of a label are matched
// greedily: the pair with the highest IoU of the masks first, of equal ones
// that of the older track. The track's mask is moved there where it should be
// by now, by the mean velocity of its box's centre. Unmatched instances begin
// tracks.
class MaskTracker {
 public:
  struct Options {
    // Pairs of a lower IoU are none.
    double min_iou = 0.3;
    // A track that was not seen for more frames has ended.
    int max_age = 30;
  };

  MaskTracker(const Options& options, int height, int width)
      : options_(options), height_(height), width_(width) {}

  // Gives the instances found in `frame`, a higher number than in the call
  // before, their ids.
  void Observe(int64_t frame, std::vector<TrackedInstance>* found);

  // Where the instances of the last Observe should be in a later frame; those
  // without pixels there are left out.
  std::vector<TrackedInstance> Predict(int64_t frame) const;

 private:
  struct Track {
    TrackedInstance last;
    int64_t frame = 0;  // of `last`
    // Pixels per frame; none before the second sighting.
    bool moves = false;
    double vx = 0, vy = 0;
  };

  TrackedInstance At(const Track& track, int64_t frame) const;
  // For each instance its track's number in tracks_, -1: none.
  std::vector<int> Match(int64_t frame,
                         const std::vector<TrackedInstance>& found) const;
  static void Follow(int64_t frame, const TrackedInstance& seen, Track* track);

  const Options options_;
  const int height_, width_;
  std::vector<Track> tracks_;  // by id
  int64_t observed_ = -1;      // the frame
  int num_tracks_ = 0;         // begun so far
};

}  // namespace fcis

#endif  // FCIS_CORE_TRACK_MASK_TRACKER_H_
