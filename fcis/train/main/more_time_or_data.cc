#include "fcis/train/main/more_time_or_data.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "fcis/core/io/file.h"
#include "fcis/train/run/log_line.h"

namespace fcis::train {
namespace {

// By iteration, ascending.
using Curve = std::vector<std::pair<int64_t, double>>;

struct RunCurves {
  Curve validation_ap, loss;
};

constexpr size_t kFewest = 6;  // validations
constexpr double kLearnt = .01, kRise = .03, kFall = .05;

// Of the points with iterations in (after, until]; 0 without any.
double Mean(const Curve& curve, int64_t after, int64_t until) {
  double sum = 0;
  int count = 0;
  for (const auto& [iteration, value] : curve) {
    if (iteration <= after || iteration > until) continue;
    sum += value;
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

// The last two thirds of a run.
struct Thirds {
  double best_ap = 0;
  double middle_ap = 0, last_ap = 0, middle_loss = 0, last_loss = 0;
};

Thirds CutInThirds(const RunCurves& curves) {
  const Curve& ap = curves.validation_ap;
  const size_t third = ap.size() / 3;
  const int64_t first = ap[ap.size() - 2 * third - 1].first;
  const int64_t second = ap[ap.size() - third - 1].first;
  const int64_t end = ap.back().first;
  Thirds thirds;
  for (const auto& point : ap) {
    thirds.best_ap = std::max(thirds.best_ap, point.second);
  }
  thirds.middle_ap = Mean(ap, first, second);
  thirds.last_ap = Mean(ap, second, end);
  thirds.middle_loss = Mean(curves.loss, first, second);
  thirds.last_loss = Mean(curves.loss, second, end);
  return thirds;
}

// Nothing: a line is none of a log.
std::optional<RunCurves> ReadCurves(absl::string_view log) {
  RunCurves curves;
  for (absl::string_view text : absl::StrSplit(log, '\n')) {
    if (absl::StripAsciiWhitespace(text).empty()) continue;
    const std::optional<LogLine> line = ReadLogLine(text);
    if (!line.has_value()) return std::nullopt;
    const auto iteration = static_cast<int64_t>(line->front().second);
    for (const auto& [name, value] : *line) {
      if (name == "loss") curves.loss.emplace_back(iteration, value);
      if (name == "validation_ap" && value >= 0) {
        curves.validation_ap.emplace_back(iteration, value);
      }
    }
  }
  return curves;
}

}  // namespace

std::string MoreTimeOrMoreData(const std::string& directory) {
  const auto log = MappedFile::Open(absl::StrCat(directory, "/log.jsonl"));
  if (!log.ok()) return "";
  const std::optional<RunCurves> curves = ReadCurves((*log)->bytes());
  if (!curves.has_value() || curves->validation_ap.size() < kFewest) return "";
  const Thirds thirds = CutInThirds(*curves);
  if (thirds.best_ap < kLearnt) return "";
  const char* const what =
      thirds.last_ap > thirds.middle_ap + kRise * thirds.best_ap
          ? "More time would help (--minutes)"
      : thirds.last_loss < (1 - kFall) * thirds.middle_loss
          ? "More photographs would help, more time would not"
          : "More time would not help, the run has settled; other photographs, "
            "or objects that were not labelled, may";
  return absl::StrFormat(
      "%s: in the last third of the run validation AP was %.3f on average, "
      "before it %.3f; the loss %.3f, before %.3f",
      what, thirds.last_ap, thirds.middle_ap, thirds.last_loss,
      thirds.middle_loss);
}

}  // namespace fcis::train
