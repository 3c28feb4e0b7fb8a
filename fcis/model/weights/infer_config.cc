#include "fcis/model/weights/infer_config.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/config/presets.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {
namespace {

class Shapes {
 public:
  Shapes(const std::map<std::string, Tensor>& tensors,
         const std::string& source)
      : tensors_(tensors), source_(source) {}

  // Output channels of a kernel.
  absl::StatusOr<int64_t> Outputs(const std::string& name) const {
    const auto found = tensors_.find(name + "/W");
    if (found == tensors_.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(source_, ": no FCIS model: it has no ", name, "/W"));
    }
    if (found->second.shape().rank() != 4) {
      return absl::InvalidArgumentError(
          absl::StrCat(source_, ": ", name, "/W is ",
                       found->second.shape().ToString(), ", expected rank 4"));
    }
    const int64_t outputs = found->second.dim(0);
    if (outputs < 1 || outputs > kMaxLayerOutputs) {
      return absl::InvalidArgumentError(
          absl::StrCat(source_, ": ", name, "/W has ", outputs,
                       " outputs, expected 1 to ", kMaxLayerOutputs));
    }
    return outputs;
  }

 private:
  const std::map<std::string, Tensor>& tensors_;
  const std::string& source_;
};

// The G of G * G * depth channels; 0: there is none.
int GroupSize(int64_t channels, int64_t depth) {
  for (int g = 1; g <= 64; ++g) {
    if (g * g * depth == channels) return g;
  }
  return 0;
}

absl::StatusOr<ModelConfig> PresetWithAnchors(int64_t anchors,
                                              const std::string& source) {
  for (const char* name : {"resnet101_coco", "resnet101_voc"}) {
    ASSIGN_OR_RETURN(ModelConfig preset, Preset(name));
    if (preset.rpn().ratios_size() * preset.rpn().scales_size() == anchors) {
      return preset;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat(source, ": ", anchors,
                   " anchors a position; expected 12 (COCO) or 9 (VOC), or a "
                   "configuration given with the file"));
}

absl::Status SetClasses(int64_t classes, ModelConfig* config) {
  for (const char* name : {"resnet101_coco", "resnet101_voc"}) {
    ASSIGN_OR_RETURN(const ModelConfig preset, Preset(name));
    if (preset.classes_size() == classes) {
      *config->mutable_classes() = preset.classes();
      return absl::OkStatus();
    }
  }
  config->clear_classes();
  for (int64_t k = 1; k <= classes; ++k) {
    ClassConfig* c = config->add_classes();
    c->set_name(absl::StrCat("class ", k));
    c->set_category_id(k);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModelConfig> InferConfig(
    const std::map<std::string, Tensor>& tensors, const std::string& source) {
  const Shapes shapes(tensors, source);
  ASSIGN_OR_RETURN(const int64_t stem_width,
                   shapes.Outputs("extractor/res1/conv1"));
  ASSIGN_OR_RETURN(const int64_t width,
                   shapes.Outputs(BottleneckNames(2, 1)[0] + "/conv1"));
  ASSIGN_OR_RETURN(const int64_t rpn_mid, shapes.Outputs("rpn/conv1"));
  ASSIGN_OR_RETURN(const int64_t rpn_scores, shapes.Outputs("rpn/score"));
  ASSIGN_OR_RETURN(const int64_t head_mid, shapes.Outputs("head/psroi_conv1"));
  ASSIGN_OR_RETURN(const int64_t score_maps,
                   shapes.Outputs("head/psroi_conv2"));
  ASSIGN_OR_RETURN(const int64_t box_maps, shapes.Outputs("head/psroi_conv3"));

  ASSIGN_OR_RETURN(ModelConfig config,
                   PresetWithAnchors(rpn_scores / 2, source));
  BackboneConfig* backbone = config.mutable_backbone();
  backbone->set_width(static_cast<int>(width));
  if (stem_width != width) {
    backbone->set_stem_width(static_cast<int>(stem_width));
  }
  backbone->clear_blocks();
  for (const int stage : {2, 3, 4, 5}) {
    backbone->add_blocks(CountBottlenecks(
        stage,
        [&](const std::string& kernel) { return tensors.count(kernel) != 0; }));
  }
  config.mutable_rpn()->set_mid_channels(static_cast<int>(rpn_mid));
  HeadConfig* head = config.mutable_head();
  head->set_mid_channels(static_cast<int>(head_mid));
  const int group = GroupSize(box_maps, 8);
  if (group == 0 || score_maps % (2 * group * group) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": ", box_maps, " box maps and ", score_maps,
                     " score maps belong to no group size"));
  }
  head->set_group_size(group);
  head->set_roi_size(3 * group);
  RETURN_IF_ERROR(SetClasses(score_maps / (2 * group * group) - 1, &config));
  config.set_name(
      absl::StrCat("imported, ", config.classes_size(), " classes"));
  RETURN_IF_ERROR(Within(source, CheckConfig(config)));
  return config;
}

}  // namespace fcis::model
