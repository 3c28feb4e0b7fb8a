#include "fcis/train/config/recipes.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/config/text_proto.h"
#include "fcis/core/io/file.h"
#include "fcis/train/config/embedded_textproto.h"

namespace fcis {
namespace {

const std::vector<std::pair<std::string, const char*>>& Table() {
  static const auto& table =
      *new std::vector<std::pair<std::string, const char*>>{
          {"chainer_fcis", kRecipeChainerFcisTextproto},
          {"msracver_ohem", kRecipeMsracverOhemTextproto},
          {"chainercv", kRecipeChainercvTextproto},
          {"small_scenes", kRecipeSmallScenesTextproto},
          {"photos", kRecipePhotosTextproto},
          {"small_photos", kRecipeSmallPhotosTextproto},
      };
  return table;
}

absl::Status Expect(bool ok, absl::string_view field,
                    absl::string_view expected) {
  if (ok) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("training config: ", field, " must be ", expected));
}

absl::Status CheckLoss(const LossConfig& c) {
  RETURN_IF_ERROR(Expect(c.anchor_samples() > 0 && c.roi_samples() > 0,
                         "loss.anchor_samples and roi_samples", "positive"));
  RETURN_IF_ERROR(Expect(c.foreground_share() >= 0 && c.foreground_share() <= 1,
                         "loss.foreground_share", "in 0..1"));
  RETURN_IF_ERROR(
      Expect(c.background_iou_low() >= 0 && c.background_iou_low() < 0.5,
             "loss.background_iou_low", "in 0..0.5"));
  RETURN_IF_ERROR(Expect(c.ohem_rois() >= 0, "loss.ohem_rois", "0 or more"));
  return Expect(c.rpn_loc() >= 0 && c.rpn_cls() >= 0 && c.fcis_loc() >= 0 &&
                    c.fcis_cls() >= 0 && c.fcis_mask() >= 0,
                "factors of the loss", "0 or more");
}

absl::Status CheckOptimizer(const OptimizerConfig& c) {
  const auto fraction = [](double v) { return v >= 0 && v < 1; };
  RETURN_IF_ERROR(Expect(fraction(c.momentum()) && fraction(c.beta1()) &&
                             fraction(c.beta2()) && fraction(c.ema_decay()),
                         "optimizer.momentum, beta1, beta2 and ema_decay",
                         "at least 0 and less than 1"));
  RETURN_IF_ERROR(Expect(c.eps() > 0, "optimizer.eps", "positive"));
  RETURN_IF_ERROR(Expect(c.weight_decay() >= 0 && c.clip_norm() >= 0,
                         "optimizer.weight_decay and clip_norm", "0 or more"));
  for (const auto& scale : c.layer_scales()) {
    RETURN_IF_ERROR(Expect(!scale.layer().empty() && scale.scale() >= 0,
                           "optimizer.layer_scales",
                           "a layer and a factor of 0 or more"));
  }
  int exponent = 0;
  return Expect(std::frexp(c.loss_scale().initial(), &exponent) == 0.5 &&
                    std::abs(exponent) <= 24 &&
                    c.loss_scale().growth_interval() > 0,
                "optimizer.loss_scale",
                "a power of two from 2^-24 to 2^23, and an interval > 0");
}

absl::Status CheckSchedule(const ScheduleConfig& c) {
  RETURN_IF_ERROR(
      Expect(c.phases_size() > 0, "schedule.phases", "one or more"));
  RETURN_IF_ERROR(Expect(c.warmup_iterations() >= 0,
                         "schedule.warmup_iterations", "0 or more"));
  RETURN_IF_ERROR(Expect(c.stretch() > 0 && c.stretch() <= 1000,
                         "schedule.stretch", "more than 0, at most 1000"));
  RETURN_IF_ERROR(Expect(c.patience() >= 0, "schedule.patience", "0 or more"));
  for (const auto& phase : c.phases()) {
    const int ends = phase.has_end_iteration() + phase.has_end_epoch() +
                     phase.has_end_picture();
    RETURN_IF_ERROR(
        Expect(ends == 1 && (phase.end_iteration() > 0 ||
                             phase.end_epoch() > 0 || phase.end_picture() > 0),
               "schedule.phases",
               "ended by one of end_iteration, end_epoch and end_picture > 0"));
    RETURN_IF_ERROR(Expect(phase.lr() >= 0, "schedule.phases.lr", "0 or more"));
  }
  return Expect(!c.cosine() || c.phases_size() == 1, "schedule.phases",
                "a single one with cosine");
}

absl::Status CheckData(const TrainConfig& c) {
  const AugmentationConfig& a = c.augmentation();
  RETURN_IF_ERROR(Expect(a.scale_jitter_low() > 0 &&
                             a.scale_jitter_high() >= a.scale_jitter_low() &&
                             a.scale_jitter_high() <= 16,
                         "augmentation.scale_jitter_*",
                         "positive, low <= high <= 16"));
  RETURN_IF_ERROR(Expect(a.copy_paste() >= 0 && a.copy_paste() <= 1,
                         "augmentation.copy_paste", "in 0..1"));
  RETURN_IF_ERROR(Expect(a.paste_zoom_low() > 0 && a.paste_zoom_low() <= 1,
                         "augmentation.paste_zoom_low", "above 0, up to 1"));
  RETURN_IF_ERROR(Expect(a.mosaic() >= 0 && a.mosaic() <= 1 &&
                             a.color_jitter() >= 0 && a.color_jitter() <= 1,
                         "augmentation.mosaic and color_jitter", "in 0..1"));
  RETURN_IF_ERROR(Expect(
      c.data().repeat_threshold() >= 0 && c.data().repeat_threshold() <= 1,
      "data.repeat_threshold", "in 0..1"));
  RETURN_IF_ERROR(Expect(c.data().hold_out() >= 0 && c.data().hold_out() <= 0.5,
                         "data.hold_out", "in 0..0.5"));
  RETURN_IF_ERROR(Expect(c.batch() > 0 && c.accumulate() > 0 &&
                             c.batch() <= 4096 && c.accumulate() <= 4096,
                         "batch and accumulate", "in 1..4096"));
  if (!c.has_scenes()) return absl::OkStatus();
  constexpr int kLeast = 32, kMost = 8192;
  const SceneConfig& s = c.scenes();
  return Expect(s.count() > 0 && s.height() >= kLeast && s.width() >= kLeast &&
                    s.height() <= kMost && s.width() <= kMost,
                "scenes",
                absl::StrCat("count > 0, sides in ", kLeast, "..", kMost));
}

absl::StatusOr<TrainConfig> Parse(const std::string& text,
                                  const std::string& source) {
  TrainConfig config;
  RETURN_IF_ERROR(MergeTextProto(text, source, &config));
  const absl::Status checked = CheckTrainConfig(config);
  if (checked.ok()) return config;
  return absl::InvalidArgumentError(
      absl::StrCat(source, ": ", checked.message()));
}

}  // namespace

std::vector<std::string> RecipeNames() {
  std::vector<std::string> names;
  for (const auto& recipe : Table()) names.push_back(recipe.first);
  return names;
}

absl::StatusOr<TrainConfig> Recipe(const std::string& name_or_path) {
  for (const auto& recipe : Table()) {
    if (recipe.first != name_or_path) continue;
    ASSIGN_OR_RETURN(
        TrainConfig config,
        Parse(recipe.second, absl::StrCat("recipe ", name_or_path)));
    config.set_name(name_or_path);
    return config;
  }
  const std::string path = ResolvePath(name_or_path);
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (text.ok()) return Parse(*text, path);
  return absl::NotFoundError(absl::StrCat(
      "'", name_or_path, "' is neither a recipe (",
      absl::StrJoin(RecipeNames(), ", "), ") nor a file that can be read",
      DidYouMean(name_or_path, RecipeNames()), " (", text.status().message(),
      ")"));
}

absl::StatusOr<ModelConfig> ModelOf(const TrainConfig& config) {
  const std::string& name = config.model();
  const std::vector<std::string> presets = PresetNames();
  if (std::find(presets.begin(), presets.end(), name) != presets.end()) {
    return Preset(name);
  }
  const std::string path = ResolvePath(name);
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (text.ok()) return ParseConfig(*text, path);
  return absl::NotFoundError(absl::StrCat(
      "model '", name, "' is neither a preset (", absl::StrJoin(presets, ", "),
      ") nor a file that can be read", DidYouMean(name, presets), " (",
      text.status().message(), ")"));
}

absl::Status CheckTrainConfig(const TrainConfig& c) {
  RETURN_IF_ERROR(Expect(!c.model().empty(), "model", "a preset or a file"));
  RETURN_IF_ERROR(Expect(c.frozen_stages() >= 0 && c.frozen_stages() <= 3,
                         "frozen_stages", "in 0..3"));
  RETURN_IF_ERROR(CheckLoss(c.loss()));
  RETURN_IF_ERROR(CheckOptimizer(c.optimizer()));
  RETURN_IF_ERROR(CheckSchedule(c.schedule()));
  return CheckData(c);
}

}  // namespace fcis
