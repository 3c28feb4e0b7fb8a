#include "fcis/core/base/control_groups.h"

#include <fstream>
#include <iterator>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace fcis {
namespace {

// A hierarchy of control groups with the controller, as proc(5) describes it.
struct Hierarchy {
  bool v2 = false;
  std::string group;        // of this process
  std::string mount_point;  // where the directory `mount_root` is seen
  std::string mount_root;
};

bool Has(absl::string_view list, absl::string_view controller) {
  return absl::StrContains(absl::StrCat(",", list, ","),
                           absl::StrCat(",", controller, ","));
}

// From lines "4:cpu,cpuacct:/user" (version 1) and "0::/user" (version 2).
std::vector<Hierarchy> GroupsOf(absl::string_view controller,
                                const std::string& proc_cgroup) {
  std::vector<Hierarchy> found;
  for (const std::string& line : Fields(proc_cgroup, '\n')) {
    const std::vector<std::string> f =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (f.size() == 3 && (f[1].empty() || Has(f[1], controller))) {
      found.push_back({f[1].empty(), f[2], "", ""});
    }
  }
  return found;
}

// From a line "31 23 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu".
void FindMount(absl::string_view controller, const std::string& mountinfo,
               Hierarchy* h) {
  for (const std::string& line : Fields(mountinfo, '\n')) {
    const std::vector<std::string> halves =
        absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    if (halves.size() != 2) continue;
    const std::vector<std::string> left = Fields(halves[0], ' ');
    const std::vector<std::string> right = Fields(halves[1], ' ');
    if (left.size() < 5 || right.size() < 3) continue;
    const bool fits = h->v2 ? right[0] == "cgroup2"
                            : right[0] == "cgroup" && Has(right[2], controller);
    if (fits && absl::CUnescape(left[3], &h->mount_root) &&
        absl::CUnescape(left[4], &h->mount_point)) {
      return;
    }
  }
}

// The directory of the group below the mount point, "" for that itself. A
// container may see its own group mounted under the name it has outside, or
// another name: then the mount point is all there is.
std::string DirectoryBelowMount(const Hierarchy& h) {
  absl::string_view below = h.group;
  if (h.mount_root != "/" && !absl::ConsumePrefix(&below, h.mount_root)) {
    return "";
  }
  absl::ConsumeSuffix(&below, "/");
  return absl::StartsWith(below, "/") ? std::string(below) : "";
}

}  // namespace

std::vector<ControlGroup> FindControlGroups(absl::string_view controller,
                                            const std::string& root) {
  const std::string mountinfo = ReadSystemFile(root + "/proc/self/mountinfo");
  std::vector<ControlGroup> groups;
  for (Hierarchy& h :
       GroupsOf(controller, ReadSystemFile(root + "/proc/self/cgroup"))) {
    FindMount(controller, mountinfo, &h);
    if (h.mount_point.empty()) continue;
    std::string below = DirectoryBelowMount(h);
    while (true) {
      groups.push_back({h.v2, h.mount_point + below});
      if (below.empty()) break;
      below.resize(below.rfind('/'));
    }
  }
  return groups;
}

std::string ReadSystemFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file),
          std::istreambuf_iterator<char>()};
}

std::vector<std::string> Fields(absl::string_view line, char separator) {
  return absl::StrSplit(line, separator, absl::SkipWhitespace());
}

}  // namespace fcis
