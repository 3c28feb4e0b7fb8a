#include "fcis/core/cli/suggest.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/cli/exit_code.h"

namespace fcis {
namespace {

bool ContainsIgnoringCase(absl::string_view text, absl::string_view part) {
  return absl::StrContains(absl::AsciiStrToLower(text),
                           absl::AsciiStrToLower(part));
}

}  // namespace

int EditDistance(absl::string_view a, absl::string_view b) {
  const std::string s = absl::AsciiStrToLower(a), t = absl::AsciiStrToLower(b);
  const int m = s.size(), n = t.size();
  std::vector<int> before(n + 1), last(n + 1), row(n + 1);
  for (int j = 0; j <= n; ++j) row[j] = j;
  for (int i = 1; i <= m; ++i) {
    before = std::exchange(last, row);
    row[0] = i;
    for (int j = 1; j <= n; ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1,
                         last[j - 1] + (s[i - 1] == t[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && s[i - 1] == t[j - 2] && s[i - 2] == t[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[n];
}

std::vector<std::string> ClosestNames(absl::string_view name,
                                      absl::Span<const std::string> known) {
  constexpr size_t kMost = 3;
  std::vector<std::tuple<int, std::string>> close;
  for (const std::string& candidate : known) {
    const int distance = EditDistance(name, candidate);
    const int longer = std::max(name.size(), candidate.size());
    const bool contains = std::min(name.size(), candidate.size()) >= 2 &&
                          (ContainsIgnoringCase(candidate, name) ||
                           ContainsIgnoringCase(name, candidate));
    if (distance <= std::max(1, longer / 3) || contains) {
      close.emplace_back(distance, candidate);
    }
  }
  absl::c_sort(close);
  std::vector<std::string> names;
  for (const auto& [distance, candidate] : close) {
    if (names.size() < kMost) names.push_back(candidate);
  }
  return names;
}

std::string DidYouMean(absl::string_view name,
                       absl::Span<const std::string> known,
                       absl::string_view prefix) {
  std::vector<std::string> names = ClosestNames(name, known);
  if (names.empty()) return "";
  for (std::string& candidate : names) {
    candidate = absl::StrCat(prefix, candidate);
  }
  const std::string last = std::move(names.back());
  names.pop_back();
  return absl::StrCat("; did you mean ", absl::StrJoin(names, ", "),
                      names.empty() ? "" : " or ", last, "?");
}

absl::Status CheckChoice(absl::string_view flag, absl::string_view value,
                         absl::Span<const std::string> choices) {
  if (absl::c_linear_search(choices, value)) return absl::OkStatus();
  return UsageError(absl::StrCat("--", flag, "=", value, ": expected ",
                                 absl::StrJoin(choices, ", "),
                                 DidYouMean(value, choices)));
}

}  // namespace fcis
