#include "fcis/core/config/presets.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/config/embedded_textproto.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/config/number_ranges.h"
#include "fcis/core/config/text_proto.h"

namespace fcis {
namespace {

struct PresetParts {
  const char* name;
  // Merged in this order.
  std::vector<const char*> parts;
  bool chainercv = false;  // then SetChainercvRules
};

const std::vector<PresetParts>& Table() {
  static const auto& table = *new std::vector<PresetParts>{
      {"resnet101_coco",
       {kCommonTextproto, kCocoTextproto, kCocoClassesTextproto,
        kResnet101Textproto}},
      {"resnet101_coco_chainercv",
       {kCommonTextproto, kCocoTextproto, kCocoClassesTextproto,
        kResnet101Textproto},
       true},
      {"resnet50_coco",
       {kCommonTextproto, kCocoTextproto, kCocoClassesTextproto,
        kResnet50Textproto}},
      {"resnet101_voc",
       {kCommonTextproto, kVocTextproto, kVocClassesTextproto,
        kResnet101Textproto}},
      {"small_scenes", {kCommonTextproto, kSmallScenesTextproto}},
      {"small_photos",
       {kCommonTextproto, kCocoClassesTextproto, kSmallPhotosTextproto}},
      // Its mean is not the common one.
      {"photos", {kPhotosTextproto}},
      {"parity_small", {kCommonTextproto, kParitySmallTextproto}},
      {"parity_mini", {kCommonTextproto, kParityMiniTextproto}},
  };
  return table;
}

absl::Status Expect(bool ok, const std::string& otherwise) {
  return ok ? absl::OkStatus() : absl::InvalidArgumentError(otherwise);
}

absl::Status CheckCount(absl::string_view list, int count, int least,
                        int most) {
  return Expect(count >= least && count <= most,
                absl::StrCat(list, " has ", count, " values, expected ", least,
                             most == least ? "" : absl::StrCat(" to ", most)));
}

absl::Status CheckLists(const ModelConfig& c) {
  RETURN_IF_ERROR(CheckCount("classes", c.classes_size(), 0, kMaxClasses));
  for (int i = 0; i < c.classes_size(); ++i) {
    RETURN_IF_ERROR(Expect(!c.classes(i).name().empty(),
                           absl::StrCat("classes[", i, "] has no name")));
  }
  RETURN_IF_ERROR(CheckCount("input.mean", c.input().mean_size(), 3, 3));
  RETURN_IF_ERROR(
      CheckCount("backbone.blocks", c.backbone().blocks_size(), 4, 4));
  RETURN_IF_ERROR(
      CheckCount("rpn.ratios", c.rpn().ratios_size(), 1, kMaxAnchorShapes));
  RETURN_IF_ERROR(
      CheckCount("rpn.scales", c.rpn().scales_size(), 1, kMaxAnchorShapes));
  return CheckCount("head.loc_std", c.head().loc_std_size(), 4, 4);
}

absl::Status CheckAll(const ModelConfig& c) {
  RETURN_IF_ERROR(CheckNumbers(c));
  RETURN_IF_ERROR(CheckLists(c));
  const InputConfig& in = c.input();
  RETURN_IF_ERROR(
      Expect(in.max_size() >= in.min_size(),
             absl::StrCat("input.max_size is ", in.max_size(),
                          ", expected at least min_size, ", in.min_size())));
  const HeadConfig& h = c.head();
  return Expect(
      h.roi_size() >= h.group_size(),
      absl::StrCat("head.roi_size is ", h.roi_size(),
                   ", expected at least group_size, ", h.group_size()));
}

}  // namespace

std::vector<std::string> PresetNames() {
  std::vector<std::string> names;
  for (const PresetParts& preset : Table()) names.push_back(preset.name);
  return names;
}

absl::StatusOr<ModelConfig> Preset(absl::string_view name) {
  for (const PresetParts& preset : Table()) {
    if (name != preset.name) continue;
    ModelConfig config;
    for (const char* part : preset.parts) {
      RETURN_IF_ERROR(
          MergeTextProto(part, absl::StrCat("preset ", name), &config));
    }
    if (preset.chainercv) RETURN_IF_ERROR(SetChainercvRules(&config));
    config.set_name(std::string(name));
    RETURN_IF_ERROR(CheckConfig(config));
    return config;
  }
  return absl::NotFoundError(
      absl::StrCat("no preset is called '", name,
                   "'; there are: ", absl::StrJoin(PresetNames(), ", ")));
}

absl::StatusOr<ModelConfig> ParseConfig(absl::string_view text,
                                        absl::string_view source) {
  ModelConfig config, common;
  RETURN_IF_ERROR(MergeTextProto(text, source, &config));
  RETURN_IF_ERROR(MergeTextProto(kCommonTextproto, "common", &common));
  // Merging would append to the lists that the text gives.
  if (config.input().mean().empty()) {
    *config.mutable_input()->mutable_mean() = common.input().mean();
  }
  if (config.rpn().ratios().empty()) {
    *config.mutable_rpn()->mutable_ratios() = common.rpn().ratios();
  }
  if (config.head().loc_std().empty()) {
    *config.mutable_head()->mutable_loc_std() = common.head().loc_std();
  }
  RETURN_IF_ERROR(Within(source, CheckConfig(config)));
  return config;
}

absl::Status SetChainercvRules(ModelConfig* config) {
  const double least = config->scoring().has_min_drop_size()
                           ? config->scoring().min_drop_size()
                           : config->postprocess().min_drop_size();
  RETURN_IF_ERROR(
      MergeTextProto(kChainercvTextproto, "chainercv's rules", config));
  config->mutable_scoring()->set_min_drop_size(least);
  return absl::OkStatus();
}

absl::Status CheckConfig(const ModelConfig& config) {
  return Within("model config", CheckAll(config));
}

}  // namespace fcis
