#include <atomic>
#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "fcis/api/c_instances.h"
#include "fcis/api/c_pixels.h"
#include "fcis/api/c_status.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/thread_team.h"
#include "fcis/core/config/limits.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/model/detector.h"
#include "fcis/model/embedded/embedded_model.h"
#include "fcis/model/network.h"
#include "fcis/model/weights/load.h"

namespace fcis::api {
namespace {

// What clones share.
struct Loaded {
  std::unique_ptr<kernels::Backend> backend;
  std::unique_ptr<model::Detector> detector;
  std::shared_ptr<const ModelConfig> config;
  std::string precision;
  int64_t max_pixels = 0;
  std::mutex mutex;  // held by who detects on a backend for one thread
};

}  // namespace
}  // namespace fcis::api

struct fcis_detector {
  std::shared_ptr<fcis::api::Loaded> loaded;
  int threads = 1;
  mutable std::atomic<bool> busy{false};
};

namespace fcis::api {
namespace {

constexpr int64_t kMostPixels = int64_t{1} << 31;

// The caller's thread computes as a program's would, whatever the rounding, the
// traps and the number of threads are there.
class Computing {
 public:
  explicit Computing(int threads) : threads_(threads) {
    std::fegetenv(&before_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~Computing() { std::fesetenv(&before_); }
  Computing(const Computing&) = delete;
  Computing& operator=(const Computing&) = delete;

 private:
  const ThreadsScope threads_;
  std::fenv_t before_;
};

std::string OrDefault(const char* text, const char* otherwise) {
  return text == nullptr ? otherwise : text;
}

template <typename T>
absl::Status CheckRange(absl::string_view name, T value, T least, T most) {
  // Written so that NaN fails.
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", value, ", expected ", least, " to ", most));
}

absl::Status CheckThreads(int32_t threads) {
  return CheckRange<int64_t>("threads", threads, 0, kMaxTeam);
}

int ThreadsOf(int32_t wanted) { return wanted == 0 ? NumThreads() : wanted; }

absl::Status CheckOptions(const fcis_detector_options& options) {
  if (options.size != sizeof(options)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the options have ", options.size, " bytes, expected ", sizeof(options),
        ": begin with FCIS_DETECTOR_OPTIONS_INIT"));
  }
  RETURN_IF_ERROR(CheckThreads(options.threads));
  RETURN_IF_ERROR(
      CheckRange<int64_t>("min_size", options.min_size, 0, kMaxInputSide));
  RETURN_IF_ERROR(
      CheckRange<int64_t>("max_size", options.max_size, 0, kMaxInputSide));
  return CheckRange<int64_t>("max_pixels", options.max_pixels, 0, kMostPixels);
}

// Hands a threshold that was given to `set`.
template <typename Set>
absl::Status Apply(absl::string_view name, double value, const Set& set) {
  if (value < 0) return absl::OkStatus();
  RETURN_IF_ERROR(CheckRange<double>(name, value, 0, 1));
  set(value);
  return absl::OkStatus();
}

absl::Status Apply(const fcis_detector_options& options, ModelConfig* config) {
  InputConfig& input = *config->mutable_input();
  if (options.min_size > 0) input.set_min_size(options.min_size);
  if (options.max_size > 0) input.set_max_size(options.max_size);
  if (input.max_size() < input.min_size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_size is ", input.max_size(),
                     ", expected at least min_size, ", input.min_size()));
  }
  PostprocessConfig& post = *config->mutable_postprocess();
  RETURN_IF_ERROR(Apply("score_threshold", options.score_threshold,
                        [&](double v) { post.set_score_thresh(v); }));
  RETURN_IF_ERROR(Apply("nms_threshold", options.nms_threshold,
                        [&](double v) { post.set_nms_thresh(v); }));
  return Apply("mask_threshold", options.mask_threshold,
               [&](double v) { post.set_binary_thresh(v); });
}

absl::StatusOr<std::shared_ptr<Loaded>> Load(
    const fcis_detector_options& options) {
  auto loaded = std::make_shared<Loaded>();
  const std::string precision = OrDefault(options.precision, "auto");
  ASSIGN_OR_RETURN(const kernels::Precision parsed,
                   kernels::ParsePrecision(precision));
  ASSIGN_OR_RETURN(loaded->backend,
                   kernels::MakeBackend(OrDefault(options.device, "cpu"),
                                        parsed, kernels::ConvAlgorithm::kAuto));
  ASSIGN_OR_RETURN(model::Weights weights,
                   options.model == nullptr
                       ? model::EmbeddedModel()
                       : model::LoadWeights(options.model));
  RETURN_IF_ERROR(Apply(options, &weights.config));
  if (parsed == kernels::Precision::kAuto) {
    model::SettlePrecision(*loaded->backend, &weights);
  }
  loaded->precision =
      std::string(model::PrecisionOf(weights, *loaded->backend));
  loaded->config = std::make_shared<const ModelConfig>(weights.config);
  loaded->max_pixels =
      options.max_pixels > 0 ? options.max_pixels : kDefaultMaxPixels;
  ASSIGN_OR_RETURN(
      loaded->detector,
      model::Detector::Create(std::move(weights), loaded->backend.get()));
  return loaded;
}

// Calls read(loaded), which gives a picture, and finds the instances in it.
template <typename Read>
absl::Status Detect(const fcis_detector* detector, const Read& read,
                    fcis_instances** found) {
  RETURN_IF_ERROR(CheckGiven(detector, "detector"));
  RETURN_IF_ERROR(CheckGiven(found, "instances"));
  if (detector->busy.exchange(true)) {
    return absl::FailedPreconditionError(
        "the detector is at work in another thread, expected a clone of it "
        "for each thread");
  }
  const absl::Cleanup done = [&] { detector->busy = false; };
  Loaded& loaded = *detector->loaded;
  std::unique_lock<std::mutex> alone(loaded.mutex, std::defer_lock);
  if (!loaded.backend->concurrent()) alone.lock();
  const Computing computing(detector->threads);
  ASSIGN_OR_RETURN(const Image image, read(loaded));
  const PostprocessConfig& post = loaded.config->postprocess();
  ASSIGN_OR_RETURN(const std::vector<model::Detection> detections,
                   loaded.detector->Detect(image, post));
  auto instances = std::make_unique<fcis_instances>();
  instances->height = image.height;
  instances->width = image.width;
  instances->config = loaded.config;
  const float threshold = PasteThreshold(post);
  for (const model::Detection& detection : detections) {
    instances->all.push_back({detection.label - 1, detection.score,
                              detection.box,
                              PasteMask(detection.mask, detection.box,
                                        threshold, image.height, image.width)});
  }
  *found = instances.release();
  return absl::OkStatus();
}

}  // namespace
}  // namespace fcis::api

using fcis::api::CheckGiven;
using fcis::api::Guarded;
using fcis::api::Loaded;

int fcis_detector_new(const fcis_detector_options* options,
                      fcis_detector** detector, char* error,
                      size_t error_size) noexcept {
  return Guarded(error, error_size, [&]() -> absl::Status {
    const fcis_detector_options defaults = FCIS_DETECTOR_OPTIONS_INIT;
    if (options == nullptr) options = &defaults;
    RETURN_IF_ERROR(CheckGiven(detector, "detector"));
    RETURN_IF_ERROR(fcis::api::CheckOptions(*options));
    auto made = std::make_unique<fcis_detector>();
    made->threads = fcis::api::ThreadsOf(options->threads);
    const fcis::api::Computing computing(made->threads);
    ASSIGN_OR_RETURN(made->loaded, fcis::api::Load(*options));
    *detector = made.release();
    return absl::OkStatus();
  });
}

int fcis_detector_clone(const fcis_detector* detector, int32_t threads,
                        fcis_detector** clone, char* error,
                        size_t error_size) noexcept {
  return Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(detector, "detector"));
    RETURN_IF_ERROR(CheckGiven(clone, "clone"));
    if (threads == -1) threads = detector->threads;
    RETURN_IF_ERROR(fcis::api::CheckThreads(threads));
    auto made = std::make_unique<fcis_detector>();
    made->loaded = detector->loaded;
    made->threads = fcis::api::ThreadsOf(threads);
    *clone = made.release();
    return absl::OkStatus();
  });
}

void fcis_detector_free(fcis_detector* detector) noexcept { delete detector; }

int fcis_detector_describe(const fcis_detector* detector, char* text,
                           size_t capacity, size_t* needed, char* error,
                           size_t error_size) noexcept {
  return Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(detector, "detector"));
    const Loaded& loaded = *detector->loaded;
    return fcis::api::CopyText(
        absl::StrCat(loaded.config->name(), ": ", loaded.backend->name(), ", ",
                     loaded.precision, ", ", detector->threads,
                     detector->threads == 1 ? " thread" : " threads"),
        text, capacity, needed);
  });
}

int fcis_detector_num_classes(const fcis_detector* detector, size_t* count,
                              char* error, size_t error_size) noexcept {
  return Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(detector, "detector"));
    RETURN_IF_ERROR(CheckGiven(count, "count"));
    *count = static_cast<size_t>(detector->loaded->config->classes_size());
    return absl::OkStatus();
  });
}

int fcis_detector_class(const fcis_detector* detector, size_t index,
                        const char** name, int64_t* category_id, char* error,
                        size_t error_size) noexcept {
  return Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(detector, "detector"));
    const fcis::ModelConfig& config = *detector->loaded->config;
    if (index >= static_cast<size_t>(config.classes_size())) {
      return absl::NotFoundError(absl::StrCat("there is no class number ",
                                              index, ", expected less than ",
                                              config.classes_size()));
    }
    const auto& klass = config.classes(static_cast<int>(index));
    if (name != nullptr) *name = klass.name().c_str();
    if (category_id != nullptr) *category_id = klass.category_id();
    return absl::OkStatus();
  });
}

int fcis_detector_detect(const fcis_detector* detector, const uint8_t* pixels,
                         int64_t height, int64_t width, int64_t stride,
                         int format, fcis_instances** instances, char* error,
                         size_t error_size) noexcept {
  return Guarded(error, error_size, [&] {
    return fcis::api::Detect(
        detector,
        [&](const Loaded& loaded) {
          return fcis::api::ImageOf(pixels, {height, width, stride, format},
                                    loaded.max_pixels);
        },
        instances);
  });
}

int fcis_detector_detect_encoded(const fcis_detector* detector,
                                 const uint8_t* bytes, size_t size,
                                 fcis_instances** instances, char* error,
                                 size_t error_size) noexcept {
  return Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(bytes, "bytes"));
    return fcis::api::Detect(
        detector,
        [&](const Loaded& loaded) {
          return fcis::data::DecodeImage(
              {reinterpret_cast<const char*>(bytes), size},
              {loaded.max_pixels});
        },
        instances);
  });
}

int fcis_detector_detect_file(const fcis_detector* detector, const char* path,
                              fcis_instances** instances, char* error,
                              size_t error_size) noexcept {
  return Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(path, "path"));
    return fcis::api::Detect(
        detector,
        [&](const Loaded& loaded) {
          return fcis::data::ReadImage(path, {loaded.max_pixels});
        },
        instances);
  });
}
