// What the CPU can do at most, measured: the roof that a layer's time is
// compared with.
#ifndef FCIS_TOOLS_MACHINE_PEAKS_H_
#define FCIS_TOOLS_MACHINE_PEAKS_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace fcis::tools {

// Multiplications and additions per second on NumThreads() threads that do
// nothing else, of operands in registers, by the instructions that oneDNN may
// use (DNNL_MAX_CPU_ISA counts). precision: "f32", "bf16" or "int8"; what the
// CPU has no instructions for counts as f32. The sum of each thread's best of
// many runs of a millisecond, in a third of a second: other programs disturb
// some of them only.
double PeakFlops(absl::string_view precision);

// Bytes per second, read and written, of copies between two arrays of `bytes`
// each, which are beyond the caches if that is much: the best of short parts of
// several passes.
double PeakBandwidth(int64_t bytes = int64_t{256} << 20);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_MACHINE_PEAKS_H_
