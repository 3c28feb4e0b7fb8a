#include "fcis/core/progress/progress.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/cli/user_text.h"

namespace fcis {
namespace {

constexpr int kBarCells = 20;

std::string Bar(int64_t done, int64_t total) {
  if (total <= 0) return "";
  const int filled =
      std::clamp<int64_t>(done * kBarCells / total, 0, kBarCells);
  return absl::StrCat("[", std::string(filled, '#'),
                      std::string(kBarCells - filled, '.'), "] ");
}

}  // namespace

std::string DurationText(absl::Duration duration) {
  const int64_t s = std::max<int64_t>(absl::ToInt64Seconds(duration), 0);
  if (s < 60) return absl::StrFormat("%d s", s);
  if (s < 3600) return absl::StrFormat("%d min %02d s", s / 60, s % 60);
  return absl::StrFormat("%d h %02d min", s / 3600, s / 60 % 60);
}

std::string ProgressText(absl::string_view label, int64_t done, int64_t total,
                         absl::Duration elapsed) {
  std::string text = absl::StrCat(label, "  ", done);
  if (total > 0) {
    absl::StrAppendFormat(&text, "/%d  %d%%", total, done * 100 / total);
  }
  const double seconds = absl::ToDoubleSeconds(elapsed);
  if (done <= 0 || seconds <= 0) return text;
  absl::StrAppendFormat(&text, "  %.2f/s", done / seconds);
  if (total > 0) {
    const absl::Duration left =
        elapsed * (static_cast<double>(total - done) / done);
    absl::StrAppend(&text, "  ", DurationText(left), " left");
  }
  return text;
}

Progress::Options Progress::OnStderr(absl::string_view label, int64_t total) {
  Options options;
  options.label = std::string(label);
  options.total = total;
  options.tty = isatty(STDERR_FILENO) == 1;
  return options;
}

Progress::Progress(Options options)
    : options_(std::move(options)), start_(options_.now()), drawn_(start_) {}

Progress::~Progress() { Clear(); }

void Progress::Update(int64_t done) {
  const std::lock_guard<std::mutex> lock(mutex_);
  done_ = done;
  const absl::Duration interval =
      options_.tty ? options_.tty_interval : options_.log_interval;
  if (options_.now() - drawn_ >= interval) Draw();
}

void Progress::Print(std::FILE* out, absl::string_view line) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool redraw = visible_;
  Clear();
  PrintLine(out, line);
  // Both streams may show on the same terminal: keep their order.
  std::fflush(out);
  if (redraw) Draw();
}

void Progress::Clear() {
  if (!visible_) return;
  std::fputs("\r\033[K", options_.file);
  std::fflush(options_.file);
  visible_ = false;
}

void Progress::Draw() {
  drawn_ = options_.now();
  const std::string text =
      ProgressText(options_.label, done_, options_.total, drawn_ - start_);
  if (options_.tty) {
    absl::FPrintF(options_.file, "\r\033[K%s%s", Bar(done_, options_.total),
                  text);
    visible_ = true;
  } else {
    absl::FPrintF(options_.file, "%s\n", text);
  }
  std::fflush(options_.file);
}

}  // namespace fcis
