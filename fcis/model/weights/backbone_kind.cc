#include "fcis/model/weights/backbone_kind.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {
namespace {

constexpr char kStem[] = "extractor/res1/conv1";
constexpr char kFirstBlock[] = "extractor/res2/res2_a";
constexpr int kStages[] = {2, 3, 4, 5};
constexpr int64_t kUsualWidth = 64;

struct Known {
  int depth;
  bool basic;
  std::vector<int> blocks;
};

const std::vector<Known>& KnownKinds() {
  static const auto& kinds =
      *new std::vector<Known>{{18, true, {2, 2, 2, 2}},
                              {34, true, {3, 4, 6, 3}},
                              {50, false, {3, 4, 6, 3}},
                              {101, false, {3, 4, 23, 3}},
                              {152, false, {3, 8, 36, 3}}};
  return kinds;
}

// A file's tensors, asked for by this project's names.
class File {
 public:
  File(const std::map<std::string, Tensor>& tensors, BackboneNaming naming)
      : tensors_(tensors), naming_(naming) {}

  const Tensor* Find(const std::string& ours) const {
    const auto found = tensors_.find(NameInBackbone(naming_, ours));
    return found == tensors_.end() ? nullptr : &found->second;
  }

  // 0: there is no such kernel.
  int64_t Extent(const std::string& conv, int axis) const {
    const Tensor* kernel = Find(conv + "/W");
    return kernel == nullptr || kernel->shape().rank() != 4 ? 0
                                                            : kernel->dim(axis);
  }

 private:
  const std::map<std::string, Tensor>& tensors_;
  const BackboneNaming naming_;
};

// The config's kernels in the order in which they run.
std::vector<std::string> KernelsInOrder(const BackboneConfig& config) {
  std::vector<std::string> names = {absl::StrCat(kStem, "/W")};
  for (int s = 0; s < config.blocks_size(); ++s) {
    for (const std::string& block :
         BottleneckNames(kStages[0] + s, config.blocks(s))) {
      for (int k = 1; k <= 3; ++k) {
        names.push_back(absl::StrCat(block, "/conv", k, "/W"));
      }
    }
  }
  return names;
}

// "; it lacks layer1.0.conv3.weight"; where it has all, "; conv1.weight is
// ...";
// "" if all fit.
std::string FirstMisfit(const File& file, BackboneNaming naming,
                        const ModelConfig& config) {
  std::map<std::string, Shape> expected;
  for (const TensorSpec& spec : ExpectedTensors(config)) {
    expected[spec.name] = spec.shape;
  }
  std::string misshapen;
  for (const std::string& name : KernelsInOrder(config.backbone())) {
    const Tensor* kernel = file.Find(name);
    const std::string theirs = NameInBackbone(naming, name);
    if (kernel == nullptr) return absl::StrCat("; it lacks ", theirs);
    if (!misshapen.empty() || kernel->shape() == expected.at(name)) continue;
    misshapen = absl::StrCat("; ", theirs, " is ", kernel->shape().ToString(),
                             ", expected ", expected.at(name).ToString());
  }
  return misshapen;
}

}  // namespace

bool BackboneKind::operator==(const BackboneKind& other) const {
  return blocks == other.blocks && basic == other.basic &&
         width == other.width && block_width == other.block_width &&
         grouped == other.grouped;
}

BackboneKind BackboneKindOf(const std::map<std::string, Tensor>& tensors,
                            BackboneNaming naming) {
  const File file(tensors, naming);
  const auto conv = [](int number) {
    return absl::StrCat(kFirstBlock, "/conv", number);
  };
  BackboneKind kind;
  for (const int stage : kStages) {
    kind.blocks.push_back(
        CountBottlenecks(stage, [&](const std::string& kernel) {
          return file.Find(kernel) != nullptr;
        }));
  }
  kind.basic = file.Find(conv(3) + "/W") == nullptr;
  kind.width = file.Extent(kStem, 0);
  kind.block_width = file.Extent(conv(1), 0);
  kind.grouped = file.Extent(conv(2), 1) != file.Extent(conv(1), 0);
  return kind;
}

BackboneKind BackboneKindOf(const BackboneConfig& config) {
  BackboneKind kind;
  kind.blocks.assign(config.blocks().begin(), config.blocks().end());
  kind.width = StemWidth(config);
  kind.block_width = config.width();
  return kind;
}

std::string BackboneKindName(const BackboneKind& kind) {
  std::string name;
  for (const Known& known : KnownKinds()) {
    if (known.basic != kind.basic || known.blocks != kind.blocks) continue;
    name = absl::StrCat("ResNet-", known.depth,
                        kind.basic ? " (basic blocks)" : "");
  }
  if (name.empty()) {
    name = absl::StrCat("ResNet of ", absl::StrJoin(kind.blocks, ", "),
                        kind.basic ? " basic blocks" : " bottlenecks");
  }
  if (kind.width != kUsualWidth) {
    absl::StrAppend(&name, ", ", kind.width, " channels wide");
  }
  if (kind.grouped) {
    absl::StrAppend(&name, ", with grouped convolutions (ResNeXt)");
  } else if (kind.block_width != kind.width) {
    absl::StrAppend(&name, ", with blocks of ", kind.block_width, " channels");
  }
  return name;
}

absl::Status CheckBackboneKind(const std::map<std::string, Tensor>& tensors,
                               BackboneNaming naming, const ModelConfig& config,
                               const std::string& source) {
  const BackboneKind is = BackboneKindOf(tensors, naming);
  const BackboneKind wanted = BackboneKindOf(config.backbone());
  if (is == wanted) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      source, ": this is a ", BackboneKindName(is), " with the names of ",
      BackboneNamingName(naming), "; the model '", config.name(), "' wants a ",
      BackboneKindName(wanted),
      FirstMisfit(File(tensors, naming), naming, config)));
}

}  // namespace fcis::model
