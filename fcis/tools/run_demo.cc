#include "fcis/tools/run_demo.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/draw/draw_instances.h"
#include "fcis/core/io/file.h"
#include "fcis/core/mask/paste.h"
#include "fcis/core/pipeline/pipeline.h"
#include "fcis/core/progress/progress.h"
#include "fcis/data/coco/coco_writer.h"
#include "fcis/data/codec/png.h"

namespace fcis::tools {
namespace {

// Decoded pictures that wait for the network, and results that wait to be
// drawn: one of each hides an uneven picture, more only costs memory.
constexpr size_t kQueueDepth = 1;

// 0 and 1, height * width.
std::vector<uint8_t> FullMask(const PastedMask& mask, int height, int width) {
  std::vector<uint8_t> full(static_cast<size_t>(height) * width);
  for (int y = 0; y < mask.height; ++y) {
    std::copy_n(
        mask.bits.begin() + static_cast<size_t>(y) * mask.width, mask.width,
        full.begin() + static_cast<size_t>(mask.y0 + y) * width + mask.x0);
  }
  return full;
}

std::vector<std::string> FileStems(const PictureList& list) {
  std::vector<std::string> stems;
  for (const Picture& picture : list.pictures) {
    stems.push_back(std::filesystem::path(picture.path).stem().string());
  }
  return stems;
}

// The picture's stem in the name of a file of masks,
// <stem>_<number>_<class>.png with a number of three digits or more; "": it is
// none.
std::string StemOfMask(absl::string_view name) {
  if (!absl::ConsumeSuffix(&name, ".png")) return "";
  for (size_t at = name.rfind('_'); at != name.npos && at > 0;
       at = name.rfind('_', at - 1)) {
    const absl::string_view rest = name.substr(at + 1);
    const size_t digits = std::min(rest.find('_'), rest.size());
    if (digits >= 3 && digits < rest.size() &&
        absl::c_all_of(rest.substr(0, digits), absl::ascii_isdigit)) {
      return std::string(name.substr(0, at));
    }
  }
  return "";
}

// A class may be called anything; convert_dataset takes its name from the file.
std::string FileNamePart(absl::string_view name) {
  return absl::StrReplaceAll(name, {{"/", "_"}});
}

class Demo {
 public:
  Demo(const PictureList& list, const DemoOptions& options,
       const ModelConfig& config, const eval::DetectFunction& detect)
      : list_(list),
        options_(options),
        config_(config),
        detect_(detect),
        image_ids_(data::ImageIds(FileStems(list))),
        progress_(Progress::OnStderr("pictures", list.pictures.size())) {}

  absl::Status Run() {
    for (const std::string& note : list_.notes) progress_.Print(stdout, note);
    for (const absl::Status& error : list_.errors) Fail(error);
    if (options_.save_masks) RETURN_IF_ERROR(CreateMaskDirectory());
    if (options_.save_json) {
      ASSIGN_OR_RETURN(results_, data::ResultsWriter::Create(absl::StrCat(
                                     options_.directory, "/results.json")));
    }
    Stopwatch watch;
    RunAll();
    if (options_.save_json) RETURN_IF_ERROR(results_->Commit());
    PrintSummary(watch.Lap());
    if (failed_ == 0) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat(failed_, " of ", failed_ + done_,
                                            " pictures failed, see above"));
  }

 private:
  // A picture whose drawing and masks are written, and what is yet to be told.
  struct Drawn {
    eval::PictureJob job;  // its status is also that of drawing and writing
    std::vector<eval::Instance> instances;
    double draw_seconds = 0, write_seconds = 0;
  };

  void RunAll() {
    const int64_t n = static_cast<int64_t>(list_.pictures.size());
    const auto load = [&](int64_t i) {
      return eval::LoadPicture(list_.pictures[i].path, options_.max_pixels);
    };
    const auto detect = [&](int64_t i, eval::PictureJob job) {
      return eval::DetectIn(std::move(job), list_.pictures[i].path, detect_);
    };
    const auto draw = [&](int64_t i, eval::PictureJob job) {
      Drawn drawn;
      drawn.job = std::move(job);
      if (drawn.job.status.ok()) drawn.job.status = Draw(i, &drawn);
      return drawn;
    };
    const auto all = [&](int64_t i) { return draw(i, detect(i, load(i))); };
    if (n <= 2 || options_.pictures_at_once == 1) {
      RunPipeline(n, kQueueDepth, load, detect,
                  [&](int64_t i, eval::PictureJob job) {
                    Finish(i, draw(i, std::move(job)));
                  });
      return;
    }
    // On all threads: nobody waits longer than need be to see something.
    Finish(0, all(0));
    // One more, for the time that others wait for the disk.
    RunSideBySide(
        n - 1, options_.pictures_at_once + 1,
        [&](int64_t i) { return all(i + 1); },
        [&](int64_t i, const Drawn& drawn) { Finish(i + 1, drawn); });
  }

  // Writes what is about this picture alone.
  absl::Status Draw(int64_t i, Drawn* drawn) const {
    Stopwatch watch;
    drawn->instances = Keep(drawn->job);
    Image image = drawn->job.image;
    DrawInstances(Drawable(drawn->instances), &image);
    drawn->draw_seconds = watch.Lap();
    ASSIGN_OR_RETURN(const std::string png, data::EncodePng(image));
    RETURN_IF_ERROR(WriteFileAtomic(ResultPath(i), png));
    if (options_.save_masks) {
      RETURN_IF_ERROR(WriteMasks(i, drawn->job.image, drawn->instances));
    }
    drawn->write_seconds = watch.Lap();
    return absl::OkStatus();
  }

  // In the order of the list.
  void Finish(int64_t i, const Drawn& drawn) {
    const absl::Status status =
        drawn.job.status.ok() ? Report(i, drawn) : drawn.job.status;
    if (status.ok()) {
      ++done_;
    } else {
      Fail(status);
    }
    progress_.Update(i + 1);
  }

  void Fail(const absl::Status& status) {
    ++failed_;
    progress_.Print(stderr, absl::StrCat("error: ", status.message()));
  }

  absl::Status Report(int64_t i, const Drawn& drawn) {
    if (options_.save_json) {
      RETURN_IF_ERROR(AddResults(i, drawn.job.image, drawn.instances));
    }
    found_ += static_cast<int64_t>(drawn.instances.size());
    PrintLine(i, drawn);
    return absl::OkStatus();
  }

  std::string ResultPath(int64_t i) const {
    return absl::StrCat(options_.directory, "/", list_.pictures[i].stem,
                        ".png");
  }

  std::string MaskDirectory() const {
    return absl::StrCat(options_.directory, "/masks");
  }

  const std::string& ClassName(int label) const {
    return config_.classes(label - 1).name();
  }

  // Notes the masks that an earlier run left there.
  absl::Status CreateMaskDirectory() {
    RETURN_IF_ERROR(MakeDirectories(MaskDirectory()));
    std::error_code error;
    for (std::filesystem::directory_iterator it(MaskDirectory(), error), end;
         !error && it != end; it.increment(error)) {
      const std::string stem = StemOfMask(it->path().filename().string());
      if (!stem.empty()) old_masks_[stem].push_back(it->path());
    }
    return absl::OkStatus();
  }

  // An earlier run may have found more, or others.
  absl::Status RemoveOldMasks(const std::string& stem) const {
    const auto old = old_masks_.find(stem);
    if (old == old_masks_.end()) return absl::OkStatus();
    for (const std::filesystem::path& path : old->second) {
      std::error_code error;
      std::filesystem::remove(path, error);
      if (error) {
        return ErrnoStatus("cannot remove", path.string(), error.value());
      }
    }
    return absl::OkStatus();
  }

  // Those of the labels asked for.
  std::vector<eval::Instance> Keep(const eval::PictureJob& job) const {
    return eval::PasteInstances(
        job, options_.paste_threshold, [&](const model::Detection& detection) {
          return options_.labels.count(detection.label) > 0;
        });
  }

  std::vector<DrawInstance> Drawable(
      const std::vector<eval::Instance>& instances) const {
    std::vector<DrawInstance> drawable;
    for (const auto& [detection, mask] : instances) {
      drawable.push_back(
          {detection.box, &mask,
           ScoreLabel(ClassName(detection.label), detection.score)});
    }
    return drawable;
  }

  absl::Status WriteMasks(int64_t i, const Image& image,
                          const std::vector<eval::Instance>& instances) const {
    RETURN_IF_ERROR(RemoveOldMasks(list_.pictures[i].stem));
    for (size_t n = 0; n < instances.size(); ++n) {
      const std::string path = absl::StrFormat(
          "%s/%s_%03d_%s.png", MaskDirectory(), list_.pictures[i].stem, n + 1,
          FileNamePart(ClassName(instances[n].detection.label)));
      ASSIGN_OR_RETURN(const std::string png,
                       data::EncodeMaskPng(FullMask(instances[n].mask,
                                                    image.height, image.width),
                                           image.height, image.width));
      RETURN_IF_ERROR(WriteFileAtomic(path, png));
    }
    return absl::OkStatus();
  }

  absl::Status AddResults(int64_t i, const Image& image,
                          const std::vector<eval::Instance>& instances) {
    for (const eval::Instance& instance : instances) {
      const Box& box = instance.detection.box;
      const ClassConfig& klass = config_.classes(instance.detection.label - 1);
      data::ResultEntry entry =
          eval::ResultOf(instance, image, data::RecordId(image_ids_[i]),
                         data::RecordId(klass.category_id()));
      entry.file_name =
          std::filesystem::path(list_.pictures[i].path).filename().string();
      entry.bbox = XywhBox{box.x0, box.y0, box.width(), box.height()};
      RETURN_IF_ERROR(results_->Write(entry));
    }
    return absl::OkStatus();
  }

  void PrintLine(int64_t i, const Drawn& drawn) {
    const eval::PictureJob& job = drawn.job;
    const model::StageTimes& t = job.times;
    progress_.Print(
        stdout,
        absl::StrFormat(
            "[%d/%d] %s: %dx%d, %s; ms: read %.0f, prepare %.0f, network %.0f, "
            "proposals %.0f, pooling %.0f, voting %.0f, draw %.0f, write %.0f",
            i + 1, list_.pictures.size(), list_.pictures[i].path,
            job.image.width, job.image.height, Describe(drawn.instances),
            1e3 * job.read_seconds, 1e3 * t.prepare, 1e3 * t.network,
            1e3 * t.proposals, 1e3 * t.pooling, 1e3 * t.voting,
            1e3 * drawn.draw_seconds, 1e3 * drawn.write_seconds));
  }

  // "3 instances (2 person, 1 car)"
  std::string Describe(const std::vector<eval::Instance>& instances) const {
    std::map<int, int> counts;
    for (const eval::Instance& instance : instances) {
      ++counts[instance.detection.label];
    }
    std::vector<std::string> parts;
    for (const auto& [label, count] : counts) {
      parts.push_back(absl::StrCat(count, " ", ClassName(label)));
    }
    const std::string number = absl::StrCat(
        instances.size(), instances.size() == 1 ? " instance" : " instances");
    if (parts.empty()) return number;
    return absl::StrCat(number, " (", absl::StrJoin(parts, ", "), ")");
  }

  void PrintSummary(double seconds) {
    progress_.Print(
        stdout,
        absl::StrFormat("%d of %d pictures done, %d instances, %.1f s, %.2f "
                        "pictures/s; results in %s",
                        done_, done_ + failed_, found_, seconds,
                        seconds > 0 ? done_ / seconds : 0, options_.directory));
  }

  const PictureList& list_;
  const DemoOptions& options_;
  const ModelConfig& config_;
  const eval::DetectFunction& detect_;
  const std::vector<int64_t> image_ids_;
  Progress progress_;
  // Touched by Finish, and by Run before and after.
  int64_t done_ = 0, failed_ = 0, found_ = 0;
  std::unique_ptr<data::ResultsWriter> results_;
  // Masks of an earlier run, by the stem of their picture.
  std::map<std::string, std::vector<std::filesystem::path>> old_masks_;
};

}  // namespace

absl::Status RunDemo(const PictureList& list, const DemoOptions& options,
                     const ModelConfig& config,
                     const eval::DetectFunction& detect) {
  return Demo(list, options, config, detect).Run();
}

}  // namespace fcis::tools
