#include "fcis/tools/serve/stop_signal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "absl/base/internal/raw_logging.h"

namespace fcis::tools {
namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT};

int pipe_ends[2];

// Calls what a handler may call, and nothing else.
extern "C" void Note(int signal) {
  const int before = errno;
  const auto number = static_cast<unsigned char>(signal);
  (void)!write(pipe_ends[1], &number, 1);
  errno = before;
}

}  // namespace

StopSignal::StopSignal() {
  ABSL_RAW_CHECK(pipe2(pipe_ends, O_CLOEXEC) == 0, "no pipe for signals");
  struct sigaction action = {};
  action.sa_handler = Note;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  for (const int signal : kSignals) sigaction(signal, &action, nullptr);
}

StopSignal::~StopSignal() {
  for (const int signal : kSignals) std::signal(signal, SIG_DFL);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

int StopSignal::Wait() const {
  unsigned char number = 0;
  while (read(pipe_ends[0], &number, 1) < 0 && errno == EINTR) {
  }
  return number;
}

}  // namespace fcis::tools
