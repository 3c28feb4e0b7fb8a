#include "fcis/core/cli/stop_signal.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace fcis {
namespace {

// Only what a signal handler may touch.
std::atomic<int> g_signal{0};
std::atomic<const char*> g_what_next{nullptr};
static_assert(std::atomic<int>::is_always_lock_free);

constexpr absl::string_view NameOf(int signal) {
  switch (signal) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGUSR1:
      return "SIGUSR1";
  }
  return "";
}

void Say(absl::string_view text) {
  [[maybe_unused]] const ssize_t wrote =
      write(STDERR_FILENO, text.data(), text.size());
}

void OnSignal(int signal) {
  const int error = errno;
  const int before = g_signal.exchange(signal);
  if (before == SIGINT && signal == SIGINT) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);  // Arrives when this handler returns.
  } else if (before == 0 && g_what_next != nullptr) {
    Say("\n");
    Say(NameOf(signal));
    Say(": ");
    Say(g_what_next.load());
    Say(signal == SIGINT ? "; once more ends it at once\n" : "\n");
  }
  errno = error;
}

}  // namespace

void InstallStopSignals(const char* what_next) {
  g_what_next = what_next;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) {
    sigaction(signal, &action, nullptr);
  }
}

bool StopRequested() { return g_signal != 0; }

absl::string_view StopSignalName() { return NameOf(g_signal); }

}  // namespace fcis
