#include "fcis/tools/serve/detect_query.h"

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/tools/class_filter.h"

namespace fcis::tools {
namespace {

struct Threshold {
  absl::string_view name;
  void (PostprocessConfig::*set)(double);
};
constexpr Threshold kThresholds[] = {
    {"score_thresh", &PostprocessConfig::set_score_thresh},
    {"nms_thresh", &PostprocessConfig::set_nms_thresh},
    {"mask_merge_thresh", &PostprocessConfig::set_mask_merge_thresh},
    {"binary_thresh", &PostprocessConfig::set_binary_thresh},
};

absl::Status Expected(absl::string_view name, absl::string_view value,
                      absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is '", value, "', expected ", expected));
}

// The place of `value` among `choices`.
absl::StatusOr<int> Choose(absl::string_view name, absl::string_view value,
                           const std::vector<std::string>& choices) {
  const auto it = absl::c_find(choices, value);
  if (it != choices.end()) return static_cast<int>(it - choices.begin());
  return Expected(name, value, absl::StrJoin(choices, " or "));
}

absl::Status SetThreshold(const Threshold& threshold, const std::string& value,
                          PostprocessConfig* config) {
  double number;
  // Written so that NaN fails.
  if (!absl::SimpleAtod(value, &number) || !(number >= 0 && number <= 1)) {
    return Expected(threshold.name, value, "a number from 0 to 1");
  }
  (config->*threshold.set)(number);
  return absl::OkStatus();
}

absl::Status Apply(const std::string& name, const std::string& value,
                   const ModelConfig& config, DetectQuery* query) {
  for (const Threshold& threshold : kThresholds) {
    if (threshold.name == name) {
      return SetThreshold(threshold, value, &query->postprocess);
    }
  }
  if (name == "classes") {
    const auto labels = ParseClasses(value, config);
    if (!labels.ok()) {
      return absl::InvalidArgumentError(
          absl::StripPrefix(labels.status().message(), "--"));
    }
    query->labels = *labels;
    return absl::OkStatus();
  }
  if (name == "masks") {
    ASSIGN_OR_RETURN(const int form,
                     Choose(name, value, {"rle", "polygons", "none"}));
    query->masks = static_cast<MaskForm>(form);
    return absl::OkStatus();
  }
  if (name == "format") {
    ASSIGN_OR_RETURN(query->draw, Choose(name, value, {"json", "png"}));
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no parameter '", name, "'",
                   DidYouMean(name, DetectParameters())));
}

}  // namespace

std::vector<std::string> DetectParameters() {
  std::vector<std::string> names;
  for (const Threshold& threshold : kThresholds) {
    names.emplace_back(threshold.name);
  }
  names.insert(names.end(), {"classes", "masks", "format"});
  return names;
}

absl::StatusOr<DetectQuery> ParseDetectQuery(
    const std::multimap<std::string, std::string>& query,
    const ModelConfig& config) {
  DetectQuery parsed;
  parsed.postprocess = config.postprocess();
  ASSIGN_OR_RETURN(parsed.labels, ParseClasses("", config));
  for (const auto& [name, value] : query) {
    if (query.count(name) > 1) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " is given ", query.count(name), " times"));
    }
    RETURN_IF_ERROR(Apply(name, value, config, &parsed));
  }
  return parsed;
}

}  // namespace fcis::tools
