// What was found in a frame of a video, as a line of JSON.
#ifndef FCIS_TOOLS_FRAME_RECORD_H_
#define FCIS_TOOLS_FRAME_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/track/mask_tracker.h"

namespace fcis::tools {

struct FrameRecord {
  int64_t frame = 0;           // from 0
  std::optional<double> time;  // seconds, where the rate is known
  // Whether the network saw it; else the instances were moved there.
  bool detected = true;
  int height = 0, width = 0;
  std::vector<TrackedInstance> instances;
};

// {"frame": 0, "time": 0.0 or null, "detected": true, "instances": [{"track",
// "category_id", "category", "score", "bbox", "segmentation"}]}, the last two
// as in COCO's results; ends with a line's end. The labels are those of
// `config`.
std::string FrameJson(const FrameRecord& record, const ModelConfig& config);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_FRAME_RECORD_H_
