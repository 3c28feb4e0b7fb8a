#include "fcis/tools/profile.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "fcis/core/draw/chart.h"
#include "fcis/data/json/json_writer.h"
#include "fcis/tools/machine_peaks.h"

namespace fcis::tools {
namespace {

using data::PutArray;
using data::PutMember;
using data::PutObject;

double ComputeSeconds(const BenchLayer& layer, const MachinePeaks& peaks) {
  return 1e9 * layer.gflop / peaks.flops.at(layer.precision);
}
double MemorySeconds(const BenchLayer& layer, const MachinePeaks& peaks) {
  return layer.bytes / peaks.bandwidth;
}

double PerSecond(double amount, double seconds) {
  return seconds > 0 ? amount / seconds : 0;
}

std::string PeakLine(const MachinePeaks& peaks) {
  std::string line = "measured peaks:";
  for (const auto& [precision, flops] : peaks.flops) {
    absl::StrAppendFormat(&line, " %s %.0f GFLOP/s,", precision, flops / 1e9);
  }
  return absl::StrFormat("%s memory %.1f GB/s\n", line, peaks.bandwidth / 1e9);
}

std::string LayerLine(size_t number, const BenchLayer& layer,
                      const MachinePeaks& peaks) {
  const double seconds = Median(layer.seconds);
  return absl::StrFormat(
      "%4d  %-30s %-5s %-9s %9.3f %8.3f %8.1f %8.2f %7.1f %5.0f %% %s\n",
      number, layer.name, layer.precision, layer.algorithm, 1e3 * seconds,
      layer.gflop, PerSecond(layer.gflop, seconds), layer.bytes / 1e6,
      PerSecond(layer.bytes / 1e9, seconds), 100 * ShareOfPeak(layer, peaks),
      BoundByMemory(layer, peaks) ? "memory" : "compute");
}

std::string StageLine(const BenchStage& stage) {
  const double seconds = Median(stage.seconds);
  return absl::StrFormat("      %-46s %9.3f %8s %8s %8.2f %7.1f\n", stage.name,
                         1e3 * seconds, "", "", stage.bytes / 1e6,
                         PerSecond(stage.bytes / 1e9, seconds));
}

// All layers as one: what they would take at the peaks, beside the network's
// median.
struct Whole {
  double seconds = 0, gflop = 0, bytes = 0, at_peak = 0;
};
Whole WholeOf(const BenchResult& result, const MachinePeaks& peaks) {
  Whole whole;
  for (const BenchLayer& layer : result.layers) {
    whole.gflop += layer.gflop;
    whole.bytes += layer.bytes;
    whole.at_peak +=
        std::max(ComputeSeconds(layer, peaks), MemorySeconds(layer, peaks));
  }
  for (const BenchStage& stage : result.stages) {
    if (stage.name == kNetworkStage) whole.seconds = Median(stage.seconds);
  }
  return whole;
}

// "res4" of extractor/res4/res4_a/conv1, "rpn", "head".
std::string PartOf(const std::string& layer) {
  const std::vector<std::string> parts = absl::StrSplit(layer, '/');
  return parts[0] == "extractor" && parts.size() > 1 ? parts[1] : parts[0];
}

ChartAxis AxisOf(std::vector<double> values, const char* title) {
  constexpr double kRoom = 1.5;
  const auto ends = std::minmax_element(values.begin(), values.end());
  ChartAxis axis;
  axis.logarithmic = true;
  axis.low = *ends.first / kRoom;
  axis.high = *ends.second * kRoom;
  axis.title = title;
  return axis;
}

// In FLOP per byte and GFLOP/s.
ChartPoint PointOf(size_t number, const BenchLayer& layer,
                   const MachinePeaks& peaks) {
  const double seconds = Median(layer.seconds);
  ChartPoint point;
  point.x = 1e9 * layer.gflop / layer.bytes;
  point.y = PerSecond(layer.gflop, seconds);
  point.mark = absl::StrCat(number);
  point.hint =
      absl::StrFormat("%s, %s %s: %.3f ms, %.0f GFLOP/s, %.0f %% of the peak",
                      layer.name, layer.algorithm, layer.precision,
                      1e3 * seconds, point.y, 100 * ShareOfPeak(layer, peaks));
  return point;
}

// The parts of the network in their order.
std::vector<std::pair<std::string, std::vector<ChartPoint>>> PointsOf(
    const BenchResult& result, const MachinePeaks& peaks) {
  std::vector<std::pair<std::string, std::vector<ChartPoint>>> parts;
  for (size_t i = 0; i < result.layers.size(); ++i) {
    const std::string part = PartOf(result.layers[i].name);
    const auto same = [&part](const auto& p) { return p.first == part; };
    auto found = std::find_if(parts.begin(), parts.end(), same);
    if (found == parts.end()) found = parts.insert(found, {part, {}});
    found->second.push_back(PointOf(i + 1, result.layers[i], peaks));
  }
  return parts;
}

}  // namespace

MachinePeaks PeaksFor(const BenchResult& result) {
  MachinePeaks peaks;
  for (const BenchLayer& layer : result.layers) {
    if (peaks.flops.count(layer.precision) > 0) continue;
    peaks.flops[layer.precision] = PeakFlops(layer.precision);
  }
  peaks.bandwidth = PeakBandwidth();
  return peaks;
}

double ShareOfPeak(const BenchLayer& layer, const MachinePeaks& peaks) {
  return PerSecond(
      std::max(ComputeSeconds(layer, peaks), MemorySeconds(layer, peaks)),
      Median(layer.seconds));
}

bool BoundByMemory(const BenchLayer& layer, const MachinePeaks& peaks) {
  return MemorySeconds(layer, peaks) > ComputeSeconds(layer, peaks);
}

std::string ProfileTable(const BenchResult& result, const MachinePeaks& peaks) {
  std::string table = PeakLine(peaks);
  absl::StrAppendFormat(&table,
                        "%4s  %-30s %-5s %-9s %9s %8s %8s %8s %7s %7s %s\n", "",
                        "layer", "type", "algorithm", "ms", "GFLOP", "GFLOP/s",
                        "MB", "GB/s", "of peak", "bound by");
  for (size_t i = 0; i < result.layers.size(); ++i) {
    table += LayerLine(i + 1, result.layers[i], peaks);
  }
  const Whole whole = WholeOf(result, peaks);
  absl::StrAppendFormat(
      &table, "      %-46s %9.3f %8.3f %8.1f %8.2f %7.1f %5.0f %%\n",
      kNetworkStage, 1e3 * whole.seconds, whole.gflop,
      PerSecond(whole.gflop, whole.seconds), whole.bytes / 1e6,
      PerSecond(whole.bytes / 1e9, whole.seconds),
      100 * PerSecond(whole.at_peak, whole.seconds));
  for (const BenchStage& stage : result.stages) {
    if (stage.name != kNetworkStage) table += StageLine(stage);
  }
  return table;
}

std::string ProfileJson(const BenchResult& result, const MachinePeaks& peaks) {
  const auto put = [&](auto& json) {
    const auto put_rate = [&](double seconds, double bytes) {
      PutMember("median_s", seconds, json);
      PutMember("bytes", bytes, json);
      PutMember("bytes_per_s", PerSecond(bytes, seconds), json);
    };
    PutObject(json, [&] {
      PutObject("peaks", json, [&] {
        for (const auto& [precision, flops] : peaks.flops) {
          PutMember(absl::StrCat(precision, "_gflop_per_s"), flops / 1e9, json);
        }
        PutMember("bytes_per_s", peaks.bandwidth, json);
      });
      PutMember("network_s", WholeOf(result, peaks).seconds, json);
      PutMember("gflop", result.gflop, json);
      PutArray("layers", result.layers, json, [&](const BenchLayer& layer) {
        PutObject(json, [&] {
          const double seconds = Median(layer.seconds);
          PutMember("name", layer.name, json);
          PutMember("precision", layer.precision, json);
          PutMember("algorithm", layer.algorithm, json);
          PutMember("gflop", layer.gflop, json);
          PutMember("gflop_per_s", PerSecond(layer.gflop, seconds), json);
          put_rate(seconds, layer.bytes);
          PutMember("share", ShareOfPeak(layer, peaks), json);
          PutMember("bound", BoundByMemory(layer, peaks) ? "memory" : "compute",
                    json);
        });
      });
      PutObject("stages", json, [&] {
        for (const BenchStage& stage : result.stages) {
          if (stage.name == kNetworkStage) continue;
          PutObject(stage.name, json,
                    [&] { put_rate(Median(stage.seconds), stage.bytes); });
        }
      });
    });
  };
  return data::PrettyJsonOf(put) + "\n";
}

std::string RooflineChart(const BenchResult& result,
                          const MachinePeaks& peaks) {
  const auto parts = PointsOf(result, peaks);
  std::vector<double> xs, ys;
  for (const auto& [part, points] : parts) {
    for (const ChartPoint& p : points) {
      xs.push_back(p.x);
      ys.push_back(p.y);
    }
  }
  for (const auto& [precision, flops] : peaks.flops) {
    xs.push_back(flops / peaks.bandwidth);
    ys.push_back(flops / 1e9);
  }
  const ChartAxis x = AxisOf(xs, "FLOP per byte"), y = AxisOf(ys, "GFLOP/s");
  Chart chart(x, y);
  for (const auto& [precision, flops] : peaks.flops) {
    // The slope ends at the lower side of the chart or at the left one.
    const double left = std::max(x.low, 1e9 * y.low / peaks.bandwidth);
    chart.AddLine(absl::StrCat("peak, ", precision),
                  {{left, left * peaks.bandwidth / 1e9},
                   {flops / peaks.bandwidth, flops / 1e9},
                   {x.high, flops / 1e9}});
  }
  for (const auto& [part, points] : parts) chart.AddPoints(part, points);
  return chart.Svg();
}

}  // namespace fcis::tools
