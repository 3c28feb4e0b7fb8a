#include "fcis/train/config/recipes.h"

#include <cmath>
#include <filesystem>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/config/number_ranges.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/config/text_proto.h"
#include "fcis/core/io/file.h"
#include "fcis/train/config/embedded_textproto.h"

namespace fcis::train {
namespace {

constexpr struct {
  const char* name;
  const char* text;
} kRecipes[] = {
    {"chainer_fcis", kRecipeChainerFcisTextproto},
    {"msracver_ohem", kRecipeMsracverOhemTextproto},
    {"chainercv", kRecipeChainercvTextproto},
    {"small_scenes", kRecipeSmallScenesTextproto},
    {"photos", kRecipePhotosTextproto},
    {"finetune", kRecipeFinetuneTextproto},
    {"small_photos", kRecipeSmallPhotosTextproto},
};

absl::Status Expect(bool ok, const std::string& otherwise) {
  return ok ? absl::OkStatus() : absl::InvalidArgumentError(otherwise);
}

absl::Status CheckOptimizer(const OptimizerConfig& c) {
  for (int i = 0; i < c.layer_scales_size(); ++i) {
    RETURN_IF_ERROR(
        Expect(!c.layer_scales(i).layer().empty(),
               absl::StrCat("optimizer.layer_scales[", i, "] names no layer")));
  }
  int exponent = 0;
  const double initial = c.loss_scale().initial();
  return Expect(std::frexp(initial, &exponent) == 0.5,
                absl::StrCat("optimizer.loss_scale.initial is ", initial,
                             ", expected a power of two"));
}

absl::Status CheckSchedule(const ScheduleConfig& c) {
  RETURN_IF_ERROR(Expect(c.phases_size() > 0,
                         "schedule.phases has no values, expected 1 or more"));
  for (int i = 0; i < c.phases_size(); ++i) {
    const ScheduleConfig::Phase& phase = c.phases(i);
    const int ends = phase.has_end_iteration() + phase.has_end_epoch() +
                     phase.has_end_picture();
    RETURN_IF_ERROR(
        Expect(ends == 1, absl::StrCat("schedule.phases[", i, "] has ", ends,
                                       " ends, expected one of end_iteration, "
                                       "end_epoch and end_picture")));
  }
  return Expect(!c.cosine() || c.phases_size() == 1,
                absl::StrCat("schedule.phases has ", c.phases_size(),
                             " values, expected 1 with cosine"));
}

absl::Status CheckAll(const TrainConfig& c) {
  RETURN_IF_ERROR(CheckNumbers(c));
  RETURN_IF_ERROR(Expect(!c.model().empty(),
                         "model is not given, expected a preset or a file"));
  RETURN_IF_ERROR(CheckOptimizer(c.optimizer()));
  RETURN_IF_ERROR(CheckSchedule(c.schedule()));
  const AugmentationConfig& a = c.augmentation();
  RETURN_IF_ERROR(Expect(
      a.scale_jitter_low() <= a.scale_jitter_high(),
      absl::StrCat("augmentation.scale_jitter_low is ", a.scale_jitter_low(),
                   ", expected at most scale_jitter_high, ",
                   a.scale_jitter_high())));
  return Expect(!c.has_scenes() || c.scenes().has_count(),
                "scenes.count is not given");
}

bool IsPreset(const std::string& name) {
  return absl::c_linear_search(PresetNames(), name);
}

std::string ResolveIn(const std::string& folder, const std::string& path) {
  if (path.empty() || path[0] == '~') return ResolvePath(path);
  return ResolvePath((std::filesystem::path(folder) / path).string());
}

absl::StatusOr<TrainConfig> Parse(const std::string& text,
                                  const std::string& source) {
  TrainConfig config;
  RETURN_IF_ERROR(MergeTextProto(text, source, &config));
  RETURN_IF_ERROR(Within(source, CheckTrainConfig(config)));
  return config;
}

}  // namespace

std::vector<std::string> RecipeNames() {
  std::vector<std::string> names;
  for (const auto& recipe : kRecipes) names.emplace_back(recipe.name);
  return names;
}

absl::StatusOr<TrainConfig> Recipe(const std::string& name_or_path) {
  for (const auto& recipe : kRecipes) {
    if (recipe.name != name_or_path) continue;
    ASSIGN_OR_RETURN(TrainConfig config,
                     Parse(recipe.text, absl::StrCat("recipe ", name_or_path)));
    config.set_name(name_or_path);
    return config;
  }
  const std::string path = ResolvePath(name_or_path);
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (text.ok()) {
    ASSIGN_OR_RETURN(TrainConfig config, Parse(*text, path));
    ResolveFiles(std::filesystem::path(path).parent_path().string(), &config);
    return config;
  }
  return absl::NotFoundError(absl::StrCat(
      "'", name_or_path, "' is neither a recipe (",
      absl::StrJoin(RecipeNames(), ", "), ") nor a file that can be read",
      DidYouMean(name_or_path, RecipeNames()), " (", text.status().message(),
      ")"));
}

void ResolveFiles(const std::string& folder, TrainConfig* config) {
  if (!IsPreset(config->model())) {
    config->set_model(ResolveIn(folder, config->model()));
  }
  // No published model has one of these in its name.
  if (config->init().find_first_of("./~") != std::string::npos) {
    config->set_init(ResolveIn(folder, config->init()));
  }
}

absl::StatusOr<ModelConfig> ModelOf(const TrainConfig& config) {
  if (IsPreset(config.model())) return Preset(config.model());
  const std::string path = ResolvePath(config.model());
  const std::string name = std::filesystem::path(path).stem().string();
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) {
    return absl::NotFoundError(absl::StrCat(
        "model '", config.model(), "' is neither a preset (",
        absl::StrJoin(PresetNames(), ", "), ") nor a file that can be read",
        DidYouMean(name, PresetNames()), " (", text.status().message(), ")"));
  }
  ASSIGN_OR_RETURN(ModelConfig model, ParseConfig(*text, path));
  if (model.name().empty()) model.set_name(name);
  return model;
}

absl::Status CheckTrainConfig(const TrainConfig& config) {
  return Within("training config", CheckAll(config));
}

}  // namespace fcis::train
