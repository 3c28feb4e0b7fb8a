#include "fcis/core/testing/cut_off.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "fcis/core/io/file.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

// Both addresses, the own one first, as /proc/net/tcp writes them.
using Ends = std::pair<std::string, std::string>;

// By the number of their socket.
std::map<std::string, Ends> Connections() {
  std::map<std::string, Ends> connections;
  const std::string table = ReadFile("/proc/net/tcp").value_or("");
  for (absl::string_view line : absl::StrSplit(table, '\n')) {
    const std::vector<std::string> words =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    constexpr size_t kOwn = 1, kOther = 2, kSocket = 9;
    if (words.size() <= kSocket) continue;
    connections[words[kSocket]] = {words[kOwn], words[kOther]};
  }
  return connections;
}

// The process' descriptors of them.
std::map<Ends, int> ConnectionsOf(
    pid_t pid, const std::map<std::string, Ends>& connections) {
  std::map<Ends, int> own;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(
           absl::StrCat("/proc/", pid, "/fd"), error)) {
    const std::string link =
        std::filesystem::read_symlink(entry.path(), error).string();
    absl::string_view number = link;
    if (!absl::ConsumePrefix(&number, "socket:[")) continue;
    absl::ConsumeSuffix(&number, "]");
    const auto found = connections.find(std::string(number));
    if (found == connections.end()) continue;
    own[found->second] = std::atoi(entry.path().filename().c_str());
  }
  return own;
}

// Of another process: a descriptor of this one of the same socket.
int Borrow(pid_t pid, int fd) {
  const long process = syscall(SYS_pidfd_open, pid, 0);
  EXPECT_GE(process, 0);
  const long borrowed = syscall(SYS_pidfd_getfd, process, fd, 0);
  EXPECT_GE(borrowed, 0);
  close(static_cast<int>(process));
  return static_cast<int>(borrowed);
}

void CutEnd(pid_t pid, int fd, Cut cut) {
  const int socket = Borrow(pid, fd);
  if (cut == Cut::kBroken) {
    EXPECT_EQ(shutdown(socket, SHUT_RDWR), 0);
  } else {
    // Packets with less time to live are dropped when they come; they begin
    // with 64.
    const int most = 255;
    EXPECT_EQ(setsockopt(socket, IPPROTO_IP, IP_MINTTL, &most, sizeof(most)),
              0);
  }
  close(socket);
}

}  // namespace

int CutOff(pid_t a, pid_t b, Cut cut) {
  const std::map<std::string, Ends> connections = Connections();
  const std::map<Ends, int> of_b = ConnectionsOf(b, connections);
  int count = 0;
  for (const auto& [ends, fd] : ConnectionsOf(a, connections)) {
    const auto other = of_b.find({ends.second, ends.first});
    if (other == of_b.end()) continue;
    CutEnd(a, fd, cut);
    // Who sees the end of a connection closes it, maybe at once.
    if (cut == Cut::kSilent) CutEnd(b, other->second, cut);
    ++count;
  }
  return count;
}

}  // namespace fcis
