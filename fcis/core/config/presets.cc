#include "fcis/core/config/presets.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/embedded_textproto.h"
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

absl::Status Expect(bool ok, absl::string_view field,
                    absl::string_view expected) {
  if (ok) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("model config: ", field, " must be ", expected));
}

template <typename Values>
bool AllPositive(const Values& values) {
  for (const auto v : values) {
    if (!(v > 0)) return false;
  }
  return !values.empty();
}

// Bottlenecks of a stage; a file may claim any number of them.
constexpr int kMaxBlocks = 1000;

bool IsFraction(double v) { return v >= 0 && v <= 1; }

absl::Status CheckNetwork(const ModelConfig& c) {
  const BackboneConfig& b = c.backbone();
  RETURN_IF_ERROR(Expect(
      b.blocks_size() == 4 && AllPositive(b.blocks()) &&
          *std::max_element(b.blocks().begin(), b.blocks().end()) <= kMaxBlocks,
      "backbone.blocks", absl::StrCat("four numbers in 1..", kMaxBlocks)));
  RETURN_IF_ERROR(Expect(b.width() > 0 && b.width() <= 4096, "backbone.width",
                         "in 1..4096"));
  RETURN_IF_ERROR(Expect(b.stem_width() >= 0 && b.stem_width() <= 4096,
                         "backbone.stem_width", "in 0..4096"));
  RETURN_IF_ERROR(
      Expect(b.bn_eps_stem() > 0 && b.bn_eps() > 0 && b.bn_eps_projection() > 0,
             "backbone.bn_eps*", "positive"));
  const HeadConfig& h = c.head();
  RETURN_IF_ERROR(
      Expect(h.mid_channels() > 0, "head.mid_channels", "positive"));
  RETURN_IF_ERROR(Expect(h.group_size() > 0 && h.group_size() <= 64,
                         "head.group_size", "in 1..64"));
  RETURN_IF_ERROR(Expect(h.roi_size() >= h.group_size() && h.roi_size() <= 1024,
                         "head.roi_size", "in group_size..1024"));
  return Expect(h.loc_std_size() == 4 && AllPositive(h.loc_std()),
                "head.loc_std", "four positive numbers");
}

absl::Status CheckRpn(const RpnConfig& r) {
  RETURN_IF_ERROR(Expect(r.mid_channels() > 0, "rpn.mid_channels", "positive"));
  RETURN_IF_ERROR(Expect(AllPositive(r.ratios()), "rpn.ratios",
                         "one or more positive numbers"));
  RETURN_IF_ERROR(Expect(AllPositive(r.scales()), "rpn.scales",
                         "one or more positive numbers"));
  RETURN_IF_ERROR(Expect(r.base_size() > 0, "rpn.base_size", "positive"));
  RETURN_IF_ERROR(Expect(r.pre_nms() > 0 && r.post_nms() > 0,
                         "rpn.pre_nms and rpn.post_nms", "positive"));
  return Expect(IsFraction(r.nms_thresh()) && r.min_size() >= 0,
                "rpn.nms_thresh / rpn.min_size", "in 0..1 / not negative");
}

absl::Status CheckPostprocess(const PostprocessConfig& p,
                              absl::string_view field) {
  RETURN_IF_ERROR(Expect(
      IsFraction(p.score_thresh()) && IsFraction(p.nms_thresh()) &&
          IsFraction(p.mask_merge_thresh()) && IsFraction(p.binary_thresh()),
      absl::StrCat(field, " thresholds"), "in 0..1"));
  return Expect(p.max_detections() > 0, absl::StrCat(field, ".max_detections"),
                "positive");
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
  const absl::Status status = CheckConfig(config);
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": ", status.message()));
  }
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

absl::Status CheckConfig(const ModelConfig& c) {
  RETURN_IF_ERROR(Expect(c.classes_size() > 0 && c.classes_size() < 100000,
                         "classes", "1 to 99999 classes"));
  for (const ClassConfig& k : c.classes()) {
    RETURN_IF_ERROR(Expect(!k.name().empty(), "classes.name", "given"));
  }
  const InputConfig& in = c.input();
  RETURN_IF_ERROR(Expect(in.min_size() > 0 && in.max_size() >= in.min_size() &&
                             in.max_size() <= 65536,
                         "input.min_size and max_size",
                         "positive, min_size <= max_size <= 65536"));
  RETURN_IF_ERROR(
      Expect(in.mean_size() == 3, "input.mean", "three numbers (R, G, B)"));
  RETURN_IF_ERROR(CheckNetwork(c));
  RETURN_IF_ERROR(CheckRpn(c.rpn()));
  RETURN_IF_ERROR(CheckPostprocess(c.postprocess(), "postprocess"));
  return CheckPostprocess(c.scoring(), "scoring");
}

}  // namespace fcis
