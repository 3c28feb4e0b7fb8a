// The demo's work: pictures in, drawn pictures (and results.json, masks) out.
#ifndef FCIS_TOOLS_RUN_DEMO_H_
#define FCIS_TOOLS_RUN_DEMO_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/eval/predict/picture_job.h"
#include "fcis/tools/picture_list.h"

namespace fcis::tools {

struct DemoOptions {
  // Exists; gets <stem>.png for each picture that could be read.
  std::string directory;
  // Labels to keep.
  std::set<int> labels;
  // Pixels of at least this probability belong to an instance (paste.h).
  float paste_threshold = 0;
  // Also results.json, in COCO's results format, with the image ids of
  // ImageIds (coco_writer.h).
  bool save_json = false;
  // Also masks/<stem>_<number>_<class>.png, white where the instance is.
  bool save_masks = false;
  // A picture of more pixels is an error.
  int64_t max_pixels = kDefaultMaxPixels;
  // More than 1: behind the first picture so many threads, and one for the time
  // that others wait for the disk, work on a picture each; twice as many
  // pictures are in memory (RunSideBySide). 1: one picture at a time
  // (RunPipeline). The files are the same.
  int pictures_at_once = 1;
};

// Works through the list; several threads call `detect` at the same time where
// pictures_at_once > 1. Prints a line per picture and a summary to stdout, what
// failed to stderr. Errors: anything failed, in the list or here; the rest is
// done all the same.
absl::Status RunDemo(const PictureList& list, const DemoOptions& options,
                     const ModelConfig& config,
                     const eval::DetectFunction& detect);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_RUN_DEMO_H_
