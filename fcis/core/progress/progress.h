// Progress of a long loop on stderr: a bar with the time left on a terminal,
// now and then a plain line in a log.
#ifndef FCIS_CORE_PROGRESS_PROGRESS_H_
#define FCIS_CORE_PROGRESS_PROGRESS_H_

#include <cstdint>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fcis/core/base/steady_now.h"

namespace fcis {

// "42 s", "3 min 05 s", "2 h 07 min"; negative counts as 0.
std::string DurationText(absl::Duration duration);

// "pictures  37/120  31%  1.52/s  55 s left"; total 0: unknown, then neither
// share nor time left. Before the first item is done there is no time left.
std::string ProgressText(absl::string_view label, int64_t done, int64_t total,
                         absl::Duration elapsed);

class Progress {
 public:
  struct Options {
    std::string label;
    int64_t total = 0;
    std::FILE* file = stderr;
    // A bar that is redrawn, at most every `tty_interval`; else lines, at most
    // every `log_interval`.
    bool tty = false;
    absl::Duration tty_interval = absl::Milliseconds(100);
    absl::Duration log_interval = absl::Seconds(10);
    std::function<absl::Time()> now = SteadyNow;
  };

  // With `tty` as stderr is.
  static Options OnStderr(absl::string_view label, int64_t total);

  explicit Progress(Options options);
  // Removes the bar.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` items of the total are finished. Any thread may call.
  void Update(int64_t done);

  // Prints a line of its own to `out`, as PrintLine does, above the bar. Any
  // thread may call.
  void Print(std::FILE* out, absl::string_view line);

 private:
  void Clear();
  void Draw();

  const Options options_;
  const absl::Time start_;
  // Not absl::Mutex: thread sanitizer knows nothing of Debian's build of it.
  std::mutex mutex_;
  absl::Time drawn_;
  int64_t done_ = 0;
  bool visible_ = false;
};

}  // namespace fcis

#endif  // FCIS_CORE_PROGRESS_PROGRESS_H_
