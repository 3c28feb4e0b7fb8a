// What this program was built with and what it found on this machine.
#ifndef FCIS_TOOLS_ENVIRONMENT_H_
#define FCIS_TOOLS_ENVIRONMENT_H_

#include <vector>

#include "fcis/kernels/cuda_environment.h"

namespace fcis::tools {

// Processor, memory, libraries, accelerators. What is missing is an entry too:
// "CUDA: not compiled in (...)".
std::vector<kernels::EnvironmentEntry> DescribeEnvironment();

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_ENVIRONMENT_H_
