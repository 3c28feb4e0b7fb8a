#include "fcis/tools/run_video.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/cli/stop_signal.h"
#include "fcis/core/draw/draw_instances.h"
#include "fcis/core/io/file.h"
#include "fcis/core/pipeline/pipeline.h"
#include "fcis/core/progress/progress.h"
#include "fcis/data/video/yuv.h"
#include "fcis/tools/frame_record.h"

namespace fcis::tools {
namespace {

// Frames that wait between two stages: as of pictures (run_demo.cc).
constexpr size_t kQueueDepth = 1;

// A frame on its way.
struct FrameJob {
  int64_t number = 0;
  data::VideoFrame frame;
  bool detected = false;
  eval::PictureJob picture;
  std::vector<TrackedInstance> instances;  // before Finish without ids
};

class VideoRun {
 public:
  VideoRun(data::Y4mReader* reader, data::Y4mWriter* writer,
           const VideoOptions& options, const ModelConfig& config,
           const eval::DetectFunction& detect)
      : reader_(reader),
        writer_(writer),
        format_(reader->format()),
        options_(options),
        config_(config),
        detect_(detect),
        tracker_(options.tracks, format_.height, format_.width),
        progress_(Progress::OnStderr("frames", reader->NumFrames())) {}

  absl::Status Run() {
    if (!options_.json_path.empty()) {
      ASSIGN_OR_RETURN(json_, AtomicFile::Create(options_.json_path));
    }
    Stopwatch watch;
    RunAll();
    return Close(watch.Lap());
  }

 private:
  void RunAll() {
    const auto finish = [&](int64_t, FrameJob job) { Finish(&job); };
    if (options_.frames_at_once == 1) {
      RunPipelineStream(
          kQueueDepth,
          [&] {
            std::optional<FrameJob> job = Load();
            if (job.has_value()) Decode(&*job);
            return job;
          },
          [&](int64_t, FrameJob job) {
            Detect(&job);
            return job;
          },
          finish);
      return;
    }
    // One more, for the time that others wait for a pipe.
    RunStreamSideBySide(
        options_.frames_at_once + 1, [&] { return Load(); },
        [&](int64_t, FrameJob job) {
          Decode(&job);
          Detect(&job);
          return job;
        },
        finish);
  }

  // In the order of the stream, as Finish.
  std::optional<FrameJob> Load() {
    if (ended_ || StopRequested()) return std::nullopt;
    absl::StatusOr<std::optional<data::VideoFrame>> frame = reader_->Next();
    read_ = frame.status();
    if (!frame.ok() || !frame->has_value()) return std::nullopt;
    FrameJob job;
    job.number = loaded_++;
    job.frame = **std::move(frame);
    job.detected = job.number % options_.every == 0;
    return job;
  }

  void Decode(FrameJob* job) const {
    job->picture.image = data::FrameImage(format_, job->frame.planes);
  }

  void Detect(FrameJob* job) const {
    if (!job->detected) return;
    job->picture = eval::DetectIn(
        std::move(job->picture),
        absl::StrCat(reader_->name(), ": frame ", job->number), detect_);
    std::vector<eval::Instance> found = eval::PasteInstances(
        job->picture, options_.paste_threshold,
        [&](const model::Detection& detection) {
          return options_.labels.count(detection.label) > 0;
        });
    for (eval::Instance& one : found) {
      job->instances.push_back({0, one.detection.label, one.detection.score,
                                one.detection.box, std::move(one.mask)});
    }
  }

  void Finish(FrameJob* job) {
    if (ended_) return;
    result_ = job->picture.status.ok() ? Put(job) : job->picture.status;
    ended_ = !result_.ok();
    if (ended_) return;
    ++done_;
    progress_.Update(done_);
  }

  absl::Status Put(FrameJob* job) {
    if (job->detected) {
      tracker_.Observe(job->number, &job->instances);
    } else {
      job->instances = tracker_.Predict(job->number);
    }
    Count(job->instances);
    Draw(job);
    writing_ = writer_->Write(format_, job->frame);
    RETURN_IF_ERROR(writing_);
    if (json_ == nullptr) return absl::OkStatus();
    const FrameRecord record = {job->number,   format_.TimeOf(job->number),
                                job->detected, format_.height,
                                format_.width, std::move(job->instances)};
    writing_ = json_->Append(FrameJson(record, config_));
    return writing_;
  }

  // New ids are higher than all before.
  void Count(const std::vector<TrackedInstance>& instances) {
    int highest = highest_id_;
    for (const TrackedInstance& instance : instances) {
      if (instance.id > highest_id_) ++tracks_[instance.label];
      highest = std::max(highest, instance.id);
    }
    highest_id_ = highest;
  }

  void Draw(FrameJob* job) const {
    if (job->instances.empty()) return;
    std::vector<DrawInstance> drawable;
    for (const TrackedInstance& instance : job->instances) {
      drawable.push_back(
          {instance.box, &instance.mask,
           absl::StrCat("#", instance.id, " ",
                        ScoreLabel(ClassName(instance.label), instance.score)),
           instance.id - 1});
    }
    Image drawn = job->picture.image;
    DrawInstances(drawable, &drawn);
    data::PutDrawn(format_, job->picture.image, drawn, &job->frame.planes);
  }

  const std::string& ClassName(int label) const {
    return config_.classes(label - 1).name();
  }

  // Keeps what was made, if all of it could be written.
  absl::Status Close(double seconds) {
    const bool left = absl::IsCancelled(writing_);  // who read the pipe
    if (!writing_.ok() && !left) return writing_;
    const absl::Status error = Error();
    if (done_ == 0 && !left) return error.ok() ? NoFrames() : error;
    if (!left) RETURN_IF_ERROR(writer_->Commit());
    if (json_ != nullptr) RETURN_IF_ERROR(json_->Commit());
    if (left) return absl::OkStatus();
    PrintSummary(seconds);
    if (error.ok()) return absl::OkStatus();
    return absl::Status(
        error.code(),
        absl::StrCat(error.message(), "; frames done before it: ", done_));
  }

  // The first thing that went wrong. A signal often ends the whole pipe, some
  // program of which may leave half a frame.
  absl::Status Error() const {
    if (!result_.ok()) return result_;
    return StopRequested() ? absl::OkStatus() : read_;
  }

  absl::Status NoFrames() const {
    return absl::DataLossError(
        absl::StrCat(StopRequested() ? "stopped before the first frame of "
                                     : "no frames in ",
                     reader_->name(), "; nothing was written"));
  }

  void PrintSummary(double seconds) {
    std::vector<std::string> tracks;
    for (const auto& [label, count] : tracks_) {
      tracks.push_back(absl::StrCat(count, " ", ClassName(label)));
    }
    const std::string stop =
        StopRequested() ? absl::StrCat("stopped by ", StopSignalName(), "; ")
                        : "";
    progress_.Print(
        stdout,
        absl::StrFormat(
            "%sframes done: %d; tracks: %s; %.1f s, %.2f frames/s; "
            "written: %s",
            stop, done_, tracks.empty() ? "none" : absl::StrJoin(tracks, ", "),
            seconds, seconds > 0 ? done_ / seconds : 0, options_.output_name));
  }

  data::Y4mReader* const reader_;
  data::Y4mWriter* const writer_;
  const data::VideoFormat& format_;
  const VideoOptions& options_;
  const ModelConfig& config_;
  const eval::DetectFunction& detect_;
  std::unique_ptr<AtomicFile> json_;
  // Of Load: how reading ended.
  absl::Status read_;
  int64_t loaded_ = 0;
  // Of Finish; result_ is that of its first frame that failed, writing_ its
  // part that is not the frame's own.
  MaskTracker tracker_;
  Progress progress_;
  std::map<int, int> tracks_;  // by label
  int highest_id_ = 0;
  int64_t done_ = 0;
  absl::Status result_, writing_;
  std::atomic<bool> ended_{false};  // nothing more to load
};

}  // namespace

absl::Status RunVideo(data::Y4mReader* reader, data::Y4mWriter* writer,
                      const VideoOptions& options, const ModelConfig& config,
                      const eval::DetectFunction& detect) {
  return VideoRun(reader, writer, options, config, detect).Run();
}

}  // namespace fcis::tools
