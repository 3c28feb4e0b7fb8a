// The control groups that this process is in (a container's, a service's, a
// job's), as cgroups(7) describes them.
#ifndef FCIS_CORE_BASE_CONTROL_GROUPS_H_
#define FCIS_CORE_BASE_CONTROL_GROUPS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace fcis {

struct ControlGroup {
  bool v2 = false;        // version 2, else 1
  std::string directory;  // of its files
};

// The groups that may bound what the controller ("cpu", "memory") is about:
// this process's own and those that hold it, as far as they are mounted here.
// None where nothing is mounted, or a file is not as expected. `root` is put
// before the path of each file that is read, but not into the answer; ""
// outside of tests.
std::vector<ControlGroup> FindControlGroups(absl::string_view controller,
                                            const std::string& root);

// What is in a file of /proc or of a group; "" where it cannot be read.
std::string ReadSystemFile(const std::string& path);

// A line's parts between `separator`s, empty ones left out.
std::vector<std::string> Fields(absl::string_view line, char separator);

}  // namespace fcis

#endif  // FCIS_CORE_BASE_CONTROL_GROUPS_H_
