// The demo's work on a video: frames in, frames with their instances drawn out.
#ifndef FCIS_TOOLS_RUN_VIDEO_H_
#define FCIS_TOOLS_RUN_VIDEO_H_

#include <set>
#include <string>

#include "absl/status/status.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/track/mask_tracker.h"
#include "fcis/data/video/y4m_reader.h"
#include "fcis/data/video/y4m_writer.h"
#include "fcis/eval/predict/picture_job.h"

namespace fcis::tools {

struct VideoOptions {
  // Labels to keep.
  std::set<int> labels;
  // Pixels of at least this probability belong to an instance (paste.h).
  float paste_threshold = 0;
  // The network sees frames 0, every, 2 * every, ...; in those between, the
  // instances of the last one move on as they did (MaskTracker::Predict).
  int every = 1;
  MaskTracker::Options tracks;
  // More than 1: so many threads, and one more, work on a frame each; twice as
  // many frames are in memory (RunStreamSideBySide). 1: one at a time
  // (RunPipelineStream). The results are the same.
  int frames_at_once = 1;
  // A line for each frame (frame_record.h); "": none.
  std::string json_path;
  // What the summary calls what was written.
  std::string output_name;
};

// Pixels that nothing is drawn on, and all that the stream says of itself, stay
// as they are. An instance's colour is its track's. Several threads call
// `detect` at the same time where frames_at_once > 1. Prints a summary to
// stdout, progress and notes to stderr.
//
// A stop signal (stop_signal.h) ends the video after the frame in hand, and
// whoever reads a pipe may leave: neither is an error. Errors: no frame; the
// stream is damaged or breaks off, or a frame could not be detected in: what
// was made of the frames before it is kept, and the error says how many; a
// result cannot be written.
absl::Status RunVideo(data::Y4mReader* reader, data::Y4mWriter* writer,
                      const VideoOptions& options, const ModelConfig& config,
                      const eval::DetectFunction& detect);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_RUN_VIDEO_H_
