// What this program was built with and what it found on this machine.
#ifndef FCIS_TOOLS_ENVIRONMENT_H_
#define FCIS_TOOLS_ENVIRONMENT_H_

#include <string>
#include <vector>

#include "fcis/tools/cuda_environment.h"

namespace fcis {

// Processor, memory, libraries, accelerators. What is missing is an entry too:
// "CUDA: not compiled in (...)".
std::vector<EnvironmentEntry> DescribeEnvironment();

// One line per entry, values aligned.
std::string EnvironmentText(const std::vector<EnvironmentEntry>& entries);

}  // namespace fcis

#endif  // FCIS_TOOLS_ENVIRONMENT_H_
