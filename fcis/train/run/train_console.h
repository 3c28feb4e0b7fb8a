// What the user of a run sees on the terminal: a table of losses, averaged over
// every so many iterations as the reference prints them, and on a terminal a
// bar under it.
#ifndef FCIS_TRAIN_RUN_TRAIN_CONSOLE_H_
#define FCIS_TRAIN_RUN_TRAIN_CONSOLE_H_

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/progress/progress.h"

namespace fcis::train {

class TrainConsole {
 public:
  struct Options {
    std::FILE* file = stdout;
    // Of the run; `done` of them were made before this process.
    int64_t iterations = 0;
    int64_t done = 0;
    // A row for so many iterations.
    int64_t every = 20;
    // The state of the last iteration rather than a mean: epoch, lr.
    std::vector<std::string> not_averaged = {"epoch", "lr"};
    // A bar on stderr.
    bool bar = false;
    std::function<absl::Time()> now = SteadyNow;
  };

  // With a bar when stderr is a terminal.
  static Options ForTerminal(int64_t iterations, int64_t done);

  explicit TrainConsole(Options options);

  // One iteration is done: its numbers, in the order of the columns, the
  // pictures that all ranks trained on, and how long this rank waited for them.
  // Prints a row when it is due, or after the last iteration. A number that is
  // not finite is left out of the mean; "-" when none is left.
  void Iteration(int64_t iteration,
                 absl::Span<const std::pair<std::string, double>> values,
                 int64_t pictures, absl::Duration data_wait);

  // A line of its own, above the bar.
  void Print(absl::string_view line);

 private:
  struct Column {
    std::string name;
    double sum = 0, last = 0;
    int64_t count = 0;
  };

  Column* Find(const std::string& name);
  void PrintHeader();
  void PrintRow(int64_t iteration);

  const Options options_;
  const absl::Time start_;
  std::unique_ptr<Progress> progress_;  // null without a bar
  std::vector<Column> columns_;
  // Since the last row.
  absl::Time row_start_;
  int64_t row_pictures_ = 0;
  absl::Duration row_wait_;
  int64_t rows_ = 0;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_RUN_TRAIN_CONSOLE_H_
