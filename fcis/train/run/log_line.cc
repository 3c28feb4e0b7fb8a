#include "fcis/train/run/log_line.h"

#include "fcis/data/json/json_scanner.h"

namespace fcis::train {

std::optional<LogLine> ReadLogLine(absl::string_view line) {
  LogLine numbers;
  data::JsonScanner json(line);
  const auto read = [&](absl::string_view key) {
    if (json.Peek() != data::JsonScanner::Kind::kNumber) return json.Skip();
    auto& [name, value] = numbers.emplace_back(std::string(key), 0);
    return json.ReadNumber(value);
  };
  const bool whole = json.ReadObject(read) && json.ReadEnd();
  if (!whole || numbers.empty() || numbers.front().first != "iteration") {
    return std::nullopt;
  }
  return numbers;
}

}  // namespace fcis::train
