#include "fcis/model/weights/weights.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fcis {
namespace {

constexpr int kFirstStage = 2;  // res2
constexpr size_t kMostNamed = 10;

class SpecList {
 public:
  void Conv(absl::string_view name, int64_t out, int64_t in, int64_t kernel) {
    specs_.push_back({absl::StrCat(name, "/W"), {out, in, kernel, kernel}});
  }
  void Bias(absl::string_view name, int64_t out) {
    specs_.push_back({absl::StrCat(name, "/b"), {out}});
  }
  void BatchNorm(absl::string_view name, int64_t channels) {
    for (const char* part : {"gamma", "beta", "avg_mean", "avg_var"}) {
      specs_.push_back({absl::StrCat(name, "/", part), {channels}});
    }
  }
  void Bottleneck(const std::string& name, int64_t in, int64_t mid, int64_t out,
                  bool projects) {
    Conv(name + "/conv1", mid, in, 1);
    Conv(name + "/conv2", mid, mid, 3);
    Conv(name + "/conv3", out, mid, 1);
    BatchNorm(name + "/bn1", mid);
    BatchNorm(name + "/bn2", mid);
    BatchNorm(name + "/bn3", out);
    if (!projects) return;
    Conv(name + "/conv4", out, in, 1);
    BatchNorm(name + "/bn4", out);
  }
  std::vector<TensorSpec> Sorted() && {
    std::sort(specs_.begin(), specs_.end(),
              [](const TensorSpec& a, const TensorSpec& b) {
                return a.name < b.name;
              });
    return std::move(specs_);
  }

 private:
  std::vector<TensorSpec> specs_;
};

void AddBackbone(const BackboneConfig& backbone, SpecList* list) {
  const int64_t width = backbone.width();
  int64_t in = StemWidth(backbone);
  list->Conv("extractor/res1/conv1", in, 3, 7);
  list->BatchNorm("extractor/res1/bn1", in);
  for (int s = 0; s < backbone.blocks_size(); ++s) {
    const int64_t mid = width << s;
    const int64_t out = 4 * mid;
    for (const std::string& name :
         BottleneckNames(kFirstStage + s, backbone.blocks(s))) {
      list->Bottleneck(name, in, mid, out, in != out || name.back() == 'a');
      in = out;
    }
  }
}

std::string Named(absl::string_view what, std::vector<std::string> names) {
  if (names.empty()) return "";
  const size_t all = names.size();
  names.resize(std::min(all, kMostNamed));
  return absl::StrCat("; ", all, " ", what, ": ", absl::StrJoin(names, ", "),
                      all > kMostNamed ? ", ..." : "");
}

}  // namespace

int StemWidth(const BackboneConfig& config) {
  return config.stem_width() > 0 ? config.stem_width() : config.width();
}

std::vector<std::string> BottleneckNames(int stage, int blocks) {
  const std::string prefix =
      absl::StrCat("extractor/res", stage, "/res", stage, "_");
  std::vector<std::string> names = {prefix + "a"};
  for (int b = 1; b < blocks; ++b)
    names.push_back(absl::StrCat(prefix, "b", b));
  return names;
}

std::vector<TensorSpec> ExpectedTensors(const ModelConfig& config) {
  SpecList list;
  AddBackbone(config.backbone(), &list);
  const int64_t res4 = int64_t{16} * config.backbone().width();
  const int64_t res5 = 2 * res4;

  const RpnConfig& rpn = config.rpn();
  const int64_t anchors = int64_t{rpn.ratios_size()} * rpn.scales_size();
  list.Conv("rpn/conv1", rpn.mid_channels(), res4, 3);
  list.Bias("rpn/conv1", rpn.mid_channels());
  list.Conv("rpn/score", 2 * anchors, rpn.mid_channels(), 1);
  list.Bias("rpn/score", 2 * anchors);
  list.Conv("rpn/loc", 4 * anchors, rpn.mid_channels(), 1);
  list.Bias("rpn/loc", 4 * anchors);

  const HeadConfig& head = config.head();
  const int64_t bins = int64_t{head.group_size()} * head.group_size();
  const int64_t score_maps = bins * 2 * (config.classes_size() + 1);
  const int64_t box_maps = bins * 2 * 4;
  list.Conv("head/psroi_conv1", head.mid_channels(), res5, 1);
  list.Bias("head/psroi_conv1", head.mid_channels());
  list.Conv("head/psroi_conv2", score_maps, head.mid_channels(), 1);
  list.Bias("head/psroi_conv2", score_maps);
  list.Conv("head/psroi_conv3", box_maps, head.mid_channels(), 1);
  list.Bias("head/psroi_conv3", box_maps);
  return std::move(list).Sorted();
}

absl::Status CheckWeights(const Weights& weights) {
  if (weights.config.classes().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        weights.source,
        ": the model's configuration names no classes; without them it can "
        "only be trained, on a data set that names them"));
  }
  std::vector<std::string> missing, misshapen, extra;
  std::map<std::string, Shape> expected;
  for (const TensorSpec& spec : ExpectedTensors(weights.config)) {
    expected[spec.name] = spec.shape;
    const auto found = weights.tensors.find(spec.name);
    if (found == weights.tensors.end()) {
      missing.push_back(spec.name);
    } else if (found->second.shape() != spec.shape ||
               found->second.type() != DType::kF32) {
      misshapen.push_back(
          absl::StrCat(spec.name, " is ", DTypeName(found->second.type()), " ",
                       found->second.shape().ToString(), ", expected f32 ",
                       spec.shape.ToString()));
    }
  }
  for (const auto& [name, tensor] : weights.tensors) {
    if (expected.count(name) == 0) extra.push_back(name);
  }
  if (missing.empty() && misshapen.empty() && extra.empty()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      weights.source, ": does not fit the model '", weights.config.name(), "'",
      Named("missing", missing), Named("of another shape", misshapen),
      Named("unknown", extra)));
}

}  // namespace fcis
