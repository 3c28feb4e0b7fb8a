#include "fcis/core/base/memory_limit.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/control_groups.h"
#include "fcis/core/base/default_threads.h"

namespace fcis {
namespace {

constexpr int64_t kNone = std::numeric_limits<int64_t>::max();

// A number at the text's beginning; kNone: "max", or a file that is not there.
int64_t NumberIn(const std::string& text) {
  int64_t number = 0;
  const std::vector<std::string> words = Fields(text, '\n');
  return !words.empty() && absl::SimpleAtoi(words[0], &number) ? number : kNone;
}

// Of a line "MemTotal:  24619180 kB" of /proc/meminfo.
int64_t MachineBytes(const std::string& meminfo, const std::string& name) {
  for (const std::string& line : Fields(meminfo, '\n')) {
    const std::vector<std::string> words = Fields(line, ' ');
    int64_t kilobytes = 0;
    if (words.size() == 3 && words[0] == name &&
        absl::SimpleAtoi(words[1], &kilobytes)) {
      return kilobytes << 10;
    }
  }
  return 0;
}

// Of this process.
struct Taken {
  int64_t addresses = 0;
  int64_t memory = 0;  // resident, without what is a file's and can be dropped
};

Taken FindTaken(const std::string& root) {
  const std::vector<std::string> words =
      Fields(ReadSystemFile(root + "/proc/self/statm"), ' ');
  int64_t pages[3] = {0, 0, 0};  // of addresses; resident; of these a file's
  for (size_t i = 0; i < 3 && i < words.size(); ++i) {
    if (!absl::SimpleAtoi(words[i], &pages[i])) return {};
  }
  const int64_t page = sysconf(_SC_PAGESIZE);
  // What malloc keeps serves what comes next.
  const int64_t kept =
      root.empty() ? static_cast<int64_t>(mallinfo2().fordblks) : 0;
  return {pages[0] * page - kept, (pages[1] - pages[2]) * page - kept};
}

void Tighten(int64_t limit, int64_t taken, const std::string& what,
             MemoryLeft* left) {
  const int64_t bytes = std::max<int64_t>(0, limit - taken);
  if (limit == kNone || bytes >= left->bytes) return;
  *left = {bytes, absl::StrCat(what, " (", MemoryText(limit), ")")};
}

int64_t AddressLimit() {
  rlimit limit;
  const bool limited =
      getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return limited ? static_cast<int64_t>(limit.rlim_cur) : kNone;
}

}  // namespace

MemoryLeft FindMemoryLeft(const std::string& root) {
  const Taken taken = FindTaken(root);
  MemoryLeft left = {kNone, "no limit"};
  Tighten(AddressLimit(), taken.addresses, "ulimit -v", &left);
  const int processes = std::max(1, FindThreadLimits().processes);
  const std::string of_each =
      processes > 1 ? absl::StrCat(", for each of ", processes, " processes")
                    : "";
  const std::string meminfo = ReadSystemFile(root + "/proc/meminfo");
  const int64_t swap = MachineBytes(meminfo, "SwapTotal:");
  const auto share = [&](int64_t memory, const std::string& what) {
    // Beyond any machine's: version 1 has no word for none.
    if (memory <= 0 || memory >= kNone / 2) return;
    Tighten((memory + swap) / processes, taken.memory, what + of_each, &left);
  };
  for (const ControlGroup& group : FindControlGroups("memory", root)) {
    const std::string file = absl::StrCat(
        group.directory, group.v2 ? "/memory.max" : "/memory.limit_in_bytes");
    share(NumberIn(ReadSystemFile(root + file)), file);
  }
  share(MachineBytes(meminfo, "MemTotal:"), "this machine's memory");
  return left;
}

void UseFewAddresses() {
  if (AddressLimit() != kNone) mallopt(M_ARENA_MAX, 1);
}

std::string MemoryText(int64_t bytes) {
  // Rounded, without a sum that overflows.
  return absl::StrFormat("%d MiB", (bytes >> 20) + (bytes >> 19 & 1));
}

absl::Status CheckMemory(int64_t bytes, const MemoryLeft& left,
                         absl::string_view what, absl::string_view advice) {
  if (bytes <= left.bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("not enough memory: ", what, ", and ", left.limit,
                   " leaves ", MemoryText(left.bytes), advice));
}

}  // namespace fcis
