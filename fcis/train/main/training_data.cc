#include "fcis/train/main/training_data.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/paths.h"
#include "fcis/data/coco/splits.h"
#include "fcis/data/loader/coco_set.h"
#include "fcis/data/loader/scene_set.h"

namespace fcis::train {
namespace {

TrainingData Scenes(const SceneConfig& config, bool repeats) {
  TrainingData data;
  data.statement = absl::StrCat("data: ", config.count(), " painted scenes of ",
                                config.height(), " x ", config.width(),
                                ", seed ", config.seed());
  if (repeats) {
    absl::StrAppend(&data.statement,
                    "\nwarning: data.repeat_threshold has no effect: what is "
                    "on painted scenes is not known beforehand");
  }
  data.set = std::make_unique<data::SceneSet>(config.seed(), config.count(),
                                              config.height(), config.width());
  return data;
}

}  // namespace

absl::StatusOr<TrainingData> OpenTrainingData(const TrainingDataChoice& choice,
                                              const TrainConfig& config,
                                              const InputConfig& input) {
  std::vector<data::CocoSource> sources;
  if (!choice.ann_file.empty()) {
    sources.push_back(
        {ResolvePath(choice.ann_file), ResolvePath(choice.image_dir)});
  } else if (config.has_scenes()) {
    return Scenes(config.scenes(), config.data().repeat_threshold() > 0);
  } else {
    const std::string root = ResolvePath(choice.data_dir);
    auto found = data::CocoTrainSources(root);
    if (!found.ok()) {
      return absl::NotFoundError(absl::StrCat(
          found.status().message(),
          ".\nTo fetch it (20 GB):  ", CommandOf("//fcis/tools:download"),
          " datasets --train --minival --data_dir ", root,
          "\nTo train on your own pictures:  --ann_file A.json "
          "--image_dir DIR"));
    }
    sources = std::move(*found);
  }
  data::CocoUse use;
  use.empty_pictures = config.data().empty_pictures();
  use.ignored_regions = config.data().ignored_regions();
  ASSIGN_OR_RETURN(
      std::unique_ptr<data::CocoSet> set,
      data::CocoSet::Create(sources, input, choice.bad_annotations, use));
  TrainingData data;
  for (const data::CocoSource& source : sources) {
    absl::StrAppend(&data.statement, "data: ", source.ann_file,
                    ", pictures in ", source.image_dir, "\n");
  }
  absl::StrAppend(&data.statement, set->report().ToText());
  for (const std::string& note :
       set->report().problems.Notes(choice.bad_annotations)) {
    absl::StrAppend(&data.statement, note, "\n");
  }
  data.set = std::move(set);
  return data;
}

void SetClasses(const std::vector<std::string>& names, ModelConfig* model) {
  std::map<std::string, int64_t> ids;
  for (const ClassConfig& c : model->classes()) ids[c.name()] = c.category_id();
  model->clear_classes();
  int64_t label = 0;
  for (const std::string& name : names) {
    ++label;
    ClassConfig* c = model->add_classes();
    c->set_name(name);
    const auto known = ids.find(name);
    c->set_category_id(known == ids.end() ? label : known->second);
  }
}

}  // namespace fcis::train
