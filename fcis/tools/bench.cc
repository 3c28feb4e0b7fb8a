#include "fcis/tools/bench.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>

#include "absl/algorithm/container.h"
#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/peak_memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/image/prepare.h"
#include "fcis/core/mask/paste.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/json/json_writer.h"
#include "fcis/eval/predict/picture_job.h"
#include "fcis/model/detector.h"
#include "fcis/model/topology.h"
#include "fcis/tools/synthetic_picture.h"

namespace fcis::tools {
namespace {

constexpr double kMib = 1 << 20;
constexpr int kJpegQuality = 90;  // as a camera's

// A common size of photographs.
constexpr int kHeight = 480, kWidth = 640;

// The picture enters the network as it is.
void KeepSize(int height, int width, InputConfig* input) {
  input->set_min_size(std::min(height, width));
  input->set_max_size(std::max(height, width));
}

struct Run {
  eval::PictureJob job;
  double paste = 0;
  int64_t pasted = 0;                   // pixels
  std::vector<model::LayerRun> layers;  // where wanted
};

absl::StatusOr<Run> RunOnce(const model::Detector& detector,
                            const std::string& jpeg, bool profile) {
  constexpr char kName[] = "the picture";
  const PostprocessConfig& options = detector.config().postprocess();
  Run run;
  run.job =
      eval::DetectIn(eval::DecodePicture(jpeg, kName, kDefaultMaxPixels), kName,
                     [&](const Image& image, model::StageTimes* times) {
                       if (profile) times->layers = &run.layers;
                       return detector.Detect(image, options, nullptr, times);
                     });
  RETURN_IF_ERROR(run.job.status);
  Stopwatch watch;
  const std::vector<eval::Instance> instances =
      eval::PasteInstances(run.job, PasteThreshold(options),
                           [](const model::Detection&) { return true; });
  run.paste = watch.Lap();
  run.job.times.layers = nullptr;  // the run moves
  for (const eval::Instance& instance : instances) {
    run.pasted += static_cast<int64_t>(instance.mask.bits.size());
  }
  return run;
}

// The stages but the network.
using StageBytes = std::map<std::string, double>;
StageBytes BytesOf(const Run& run, const ModelConfig& config,
                   const model::Topology& topology, double jpeg) {
  constexpr double kFloat = sizeof(float);
  const auto written = [&](model::NetworkOutput output) {
    const auto layer = static_cast<size_t>(topology.outputs[output]);
    return static_cast<double>(run.layers[layer].bytes_written);
  };
  const auto pixels =
      static_cast<double>(run.job.image.pixels.size());  // of three bytes
  const double side = config.head().roi_size();
  const double mask = kFloat * side * side;
  const double rois = static_cast<double>(run.job.times.rois) *
                      (mask + kFloat * (config.classes_size() + 1 + 4));
  const double masks = mask * static_cast<double>(run.job.detections.size());
  StageBytes bytes;
  bytes["decode"] = jpeg + pixels;
  bytes["prepare"] = pixels + kFloat * pixels;  // nothing is scaled
  bytes["proposals"] = written(model::kRpnScores) + written(model::kRpnDeltas);
  bytes["pooling"] =
      written(model::kScoreMaps) + written(model::kBoxMaps) + rois;
  bytes["voting"] = rois + masks;
  bytes["paste"] = masks + static_cast<double>(run.pasted);
  return bytes;
}

void AppendLayers(const std::vector<model::LayerRun>& runs,
                  std::vector<BenchLayer>* layers) {
  for (size_t i = 0; i < runs.size(); ++i) {
    BenchLayer& layer = (*layers)[i];
    layer.precision = std::string(runs[i].precision);
    layer.algorithm = std::string(runs[i].algorithm);
    layer.bytes =
        static_cast<double>(runs[i].bytes_read + runs[i].bytes_written);
    layer.seconds.push_back(runs[i].seconds);
  }
}

void Append(const Run& run, std::vector<BenchStage>* stages) {
  const model::StageTimes& times = run.job.times;
  const double seconds[] = {
      run.job.read_seconds, times.prepare, times.network, times.proposals,
      times.pooling,        times.voting,  run.paste};
  for (size_t i = 0; i < stages->size(); ++i) {
    (*stages)[i].seconds.push_back(seconds[i]);
  }
}

}  // namespace

absl::StatusOr<BenchOptions> BenchOptionsFromFlags(int least_side) {
  const std::optional<int> height = absl::GetFlag(FLAGS_height);
  const std::optional<int> width = absl::GetFlag(FLAGS_width);
  const auto fits = [&](std::optional<int> side) {
    return !side || (*side >= least_side && *side <= kMaxInputSide);
  };
  if (height.has_value() != width.has_value() || !fits(height) ||
      !fits(width)) {
    return UsageError(absl::StrCat("expected --height and --width of ",
                                   least_side, " to ", kMaxInputSide,
                                   ", or neither"));
  }
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_repeats, 1));
  return {
      {height.value_or(0), width.value_or(0), absl::GetFlag(FLAGS_repeats)}};
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

absl::StatusOr<BenchResult> RunBench(model::Weights weights,
                                     const BenchOptions& options,
                                     kernels::Backend* backend) {
  InputConfig* const input = weights.config.mutable_input();
  const PreparedSize usual = SizeToPrepare(kHeight, kWidth, *input);
  BenchResult result;
  result.height = options.height > 0 ? options.height : usual.height;
  result.width = options.width > 0 ? options.width : usual.width;
  KeepSize(result.height, result.width, input);
  ASSIGN_OR_RETURN(
      const std::string jpeg,
      data::EncodeJpeg(SyntheticPicture(result.height, result.width),
                       kJpegQuality));
  const model::Topology topology = model::TopologyOf(weights.config);
  ASSIGN_OR_RETURN(const double flops,
                   model::FlopsOf(topology, result.height, result.width));
  result.gflop = flops / 1e9;
  if (options.profile) {
    ASSIGN_OR_RETURN(
        const std::vector<double> layers,
        model::LayerFlopsOf(topology, result.height, result.width));
    for (size_t i = 0; i < layers.size(); ++i) {
      result.layers.emplace_back();
      result.layers.back().name = topology.layers[i].name;
      result.layers.back().gflop = layers[i] / 1e9;
    }
  }
  Stopwatch watch;
  ASSIGN_OR_RETURN(const std::unique_ptr<model::Detector> detector,
                   model::Detector::Create(weights, backend));
  result.load_seconds = watch.Lap();
  result.precision = std::string(model::PrecisionOf(weights, *backend));
  weights.tensors.clear();
  for (const char* name : {"decode", "prepare", kNetworkStage, "proposals",
                           "pooling", "voting", "paste"}) {
    result.stages.push_back({name, {}, 0});
  }
  // The first run plans the convolutions and touches the memory.
  RETURN_IF_ERROR(RunOnce(*detector, jpeg, options.profile).status());
  for (int i = 0; i < options.repeats; ++i) {
    ASSIGN_OR_RETURN(const Run run, RunOnce(*detector, jpeg, options.profile));
    Append(run, &result.stages);
    AppendLayers(run.layers, &result.layers);
    if (options.profile) {
      StageBytes bytes = BytesOf(run, detector->config(), topology,
                                 static_cast<double>(jpeg.size()));
      for (BenchStage& stage : result.stages) stage.bytes = bytes[stage.name];
    }
    result.detections = static_cast<int>(run.job.detections.size());
  }
  result.peak_rss_mib = static_cast<double>(PeakResidentBytes()) / kMib;
  return result;
}

std::string BenchJson(const ModelConfig& config,
                      const kernels::Backend& backend, int threads,
                      const BenchResult& result) {
  double network = 0, around = 0;
  for (const BenchStage& stage : result.stages) {
    (stage.name == kNetworkStage ? network : around) += Median(stage.seconds);
  }
  const auto put = [&](auto& json) {
    json.SetMaxDecimalPlaces(6);
    data::PutObject(json, [&] {
      data::PutMember("preset", config.name(), json);
      data::PutMember("height", result.height, json);
      data::PutMember("width", result.width, json);
      data::PutMember("device", backend.name(), json);
      data::PutMember("precision", result.precision, json);
      data::PutMember("threads", threads, json);
      data::PutMember("repeats", result.stages[0].seconds.size(), json);
      data::PutMember("gflop", result.gflop, json);
      data::PutMember("network_s", network, json);
      data::PutMember("network_gflop_per_s",
                      network > 0 ? result.gflop / network : 0.0, json);
      data::PutMember("around_network_s", around, json);
      data::PutObject("stages", json, [&] {
        for (const BenchStage& stage : result.stages) {
          data::PutObject(stage.name, json, [&] {
            data::PutMember("median_s", Median(stage.seconds), json);
            data::PutMember("min_s", *absl::c_min_element(stage.seconds), json);
          });
        }
      });
      data::PutMember("detections", result.detections, json);
      data::PutMember("load_s", result.load_seconds, json);
      data::PutMember("peak_rss_mib", result.peak_rss_mib, json);
    });
  };
  return data::PrettyJsonOf(put) + "\n";
}

}  // namespace fcis::tools
