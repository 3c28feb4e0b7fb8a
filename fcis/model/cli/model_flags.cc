#include "fcis/model/cli/model_flags.h"

#include <optional>

#include "absl/flags/flag.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/config/limits.h"

namespace {

// Defaults are the proto's: those of the original's demo.yaml.
std::string Default(const char* meaning, double value) {
  return absl::StrCat(meaning, " Default: the model's, ", value,
                      " for chainer-fcis COCO.");
}

const fcis::PostprocessConfig& Post() {
  return fcis::PostprocessConfig::default_instance();
}

const fcis::InputConfig& Input() {
  return fcis::InputConfig::default_instance();
}

}  // namespace

ABSL_FLAG(std::optional<double>, score_thresh, std::nullopt,
          Default("Instances must score higher.", Post().score_thresh()));
ABSL_FLAG(std::optional<double>, nms_thresh, std::nullopt,
          Default("Overlap (IoU) at which the weaker of two boxes of a class "
                  "is dropped.",
                  Post().nms_thresh()));
ABSL_FLAG(std::optional<double>, mask_merge_thresh, std::nullopt,
          Default("Overlap (IoU) at which boxes vote for a mask together.",
                  Post().mask_merge_thresh()));
ABSL_FLAG(std::optional<double>, binary_thresh, std::nullopt,
          Default("A pixel of this mask probability belongs to the instance.",
                  Post().binary_thresh()));
ABSL_FLAG(std::optional<double>, min_drop_size, std::nullopt,
          Default("Boxes must be wider and higher than this many pixels of "
                  "the picture (chainercv's models: of the prepared one).",
                  Post().min_drop_size()));
ABSL_FLAG(std::optional<bool>, iter2, std::nullopt,
          "Pool a second time over the refined boxes. Default: the model's, "
          "true for all published ones.");
ABSL_FLAG(std::optional<bool>, mask_voting, std::nullopt,
          "Merge the masks of overlapping boxes. Default: the model's, true "
          "for all published ones.");
ABSL_FLAG(std::optional<int>, min_size, std::nullopt,
          Default("The short side is scaled to this many pixels, unless the "
                  "long one then passes --max_size.",
                  Input().min_size()));
ABSL_FLAG(std::optional<int>, max_size, std::nullopt,
          Default("Limit of the long side, in pixels.", Input().max_size()));
ABSL_FLAG(std::string, psroi_rounding, "",
          "How a region's corner becomes a feature-map coordinate: "
          "round_then_scale, round_then_scale_inclusive or none. Default: what "
          "the weights were trained with, as their file says.");

namespace fcis::model {
namespace {

// `value` unset passes.
template <typename T>
absl::Status InRange(absl::string_view flag, const std::optional<T>& value,
                     double low, double high) {
  return value ? CheckRange(flag, *value, low, high) : absl::OkStatus();
}

std::vector<std::string> RoundingNames() {
  std::vector<std::string> names;
  for (int i = 0; i < HeadConfig::PsroiRounding_descriptor()->value_count();
       ++i) {
    names.push_back(absl::AsciiStrToLower(
        std::string(HeadConfig::PsroiRounding_descriptor()->value(i)->name())));
  }
  return names;
}

}  // namespace

std::vector<std::string> ModelFlagNames() {
  return {"score_thresh",  "nms_thresh",    "mask_merge_thresh",
          "binary_thresh", "min_drop_size", "iter2",
          "mask_voting",   "min_size",      "max_size",
          "psroi_rounding"};
}

absl::Status CheckModelFlags() {
  RETURN_IF_ERROR(
      InRange("score_thresh", absl::GetFlag(FLAGS_score_thresh), 0, 1));
  RETURN_IF_ERROR(InRange("nms_thresh", absl::GetFlag(FLAGS_nms_thresh), 0, 1));
  RETURN_IF_ERROR(InRange("mask_merge_thresh",
                          absl::GetFlag(FLAGS_mask_merge_thresh), 0, 1));
  RETURN_IF_ERROR(
      InRange("binary_thresh", absl::GetFlag(FLAGS_binary_thresh), 0, 1));
  RETURN_IF_ERROR(InRange("min_drop_size", absl::GetFlag(FLAGS_min_drop_size),
                          0, kMaxInputSide));
  RETURN_IF_ERROR(
      InRange("min_size", absl::GetFlag(FLAGS_min_size), 1, kMaxInputSide));
  RETURN_IF_ERROR(
      InRange("max_size", absl::GetFlag(FLAGS_max_size), 1, kMaxInputSide));
  const std::string rounding = absl::GetFlag(FLAGS_psroi_rounding);
  if (rounding.empty()) return absl::OkStatus();
  return CheckChoice("psroi_rounding", rounding, RoundingNames());
}

namespace {

// Calls `setter` with a flag that was given.
template <typename T, typename Setter>
void Set(const std::optional<T>& value, Setter setter) {
  if (value) setter(*value);
}

// All but --score_thresh.
void ApplyTo(PostprocessConfig& post) {
  Set(absl::GetFlag(FLAGS_nms_thresh),
      [&](double v) { post.set_nms_thresh(v); });
  Set(absl::GetFlag(FLAGS_mask_merge_thresh),
      [&](double v) { post.set_mask_merge_thresh(v); });
  Set(absl::GetFlag(FLAGS_binary_thresh),
      [&](double v) { post.set_binary_thresh(v); });
  Set(absl::GetFlag(FLAGS_min_drop_size),
      [&](double v) { post.set_min_drop_size(v); });
  Set(absl::GetFlag(FLAGS_iter2), [&](bool v) { post.set_iter2(v); });
  Set(absl::GetFlag(FLAGS_mask_voting),
      [&](bool v) { post.set_mask_voting(v); });
}

}  // namespace

absl::Status ApplyModelFlags(ModelConfig* config) {
  PostprocessConfig& post = *config->mutable_postprocess();
  Set(absl::GetFlag(FLAGS_score_thresh),
      [&](double v) { post.set_score_thresh(v); });
  ApplyTo(post);
  if (config->has_scoring()) ApplyTo(*config->mutable_scoring());
  InputConfig& input = *config->mutable_input();
  Set(absl::GetFlag(FLAGS_min_size), [&](int v) { input.set_min_size(v); });
  Set(absl::GetFlag(FLAGS_max_size), [&](int v) { input.set_max_size(v); });
  const std::string rounding = absl::GetFlag(FLAGS_psroi_rounding);
  HeadConfig::PsroiRounding value;
  if (HeadConfig::PsroiRounding_Parse(absl::AsciiStrToUpper(rounding),
                                      &value)) {
    config->mutable_head()->set_psroi_rounding(value);
  }
  if (input.max_size() >= input.min_size()) return absl::OkStatus();
  return UsageError(absl::StrCat("--max_size=", input.max_size(),
                                 ": expected at least --min_size, ",
                                 input.min_size()));
}

}  // namespace fcis::model
