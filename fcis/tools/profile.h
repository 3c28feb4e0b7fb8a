// bench --profile: each layer of the network beside the machine's peaks, as a
// table, as JSON and as a roofline.
#ifndef FCIS_TOOLS_PROFILE_H_
#define FCIS_TOOLS_PROFILE_H_

#include <map>
#include <string>

#include "fcis/tools/bench.h"

namespace fcis::tools {

struct MachinePeaks {
  // Multiplications and additions per second, by precision.
  std::map<std::string, double> flops;
  double bandwidth = 0;  // bytes per second
};

// Of every precision that a layer was computed in (machine_peaks.h).
MachinePeaks PeaksFor(const BenchResult& result);

// How close a layer came to what the machine could do at best: the time that
// its multiplications, or its bytes if they take longer, need at the peaks, as
// a part of the time that it took. More than 1 where Winograd's algorithm
// multiplies less often than is counted, or maps were still in a cache.
double ShareOfPeak(const BenchLayer& layer, const MachinePeaks& peaks);
// Whether the bytes take longer.
bool BoundByMemory(const BenchLayer& layer, const MachinePeaks& peaks);

// Lines for people: layers in the order of the topology and the network as a
// whole, then the other stages. Times are medians.
std::string ProfileTable(const BenchResult& result, const MachinePeaks& peaks);

// The same as one JSON object: "peaks", "layers" (name, precision, algorithm,
// median_s, gflop, gflop_per_s, bytes, bytes_per_s, share, bound) and "stages".
std::string ProfileJson(const BenchResult& result, const MachinePeaks& peaks);

// The layers, each a point with its number in the table, under the roof of each
// precision; an SVG.
std::string RooflineChart(const BenchResult& result, const MachinePeaks& peaks);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_PROFILE_H_
