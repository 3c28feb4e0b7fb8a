#include "fcis/model/weights/import_mxnet.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/io/file.h"
#include "fcis/model/weights/infer_config.h"

namespace fcis::model {
namespace {

constexpr uint64_t kListMagic = 0x112;
constexpr uint32_t kArrayV1 = 0xF993FAC8u;  // 64-bit extents
constexpr uint32_t kArrayV2 = 0xF993FAC9u;  // and a storage type
constexpr uint32_t kArrayV3 = 0xF993FACAu;  // the same with NumPy shapes
constexpr int32_t kDense = 0;
constexpr absl::string_view kForTest = "_test";

class ParamsReader {
 public:
  ParamsReader(const std::string& path, absl::string_view bytes)
      : path_(path), bytes_(bytes) {}

  absl::StatusOr<std::map<std::string, Tensor>> Read() {
    uint64_t magic, reserved, count;
    if (!Take(&magic) || magic != kListMagic || !Take(&reserved) ||
        !Take(&count) || count > bytes_.size()) {
      return Bad("not a list of arrays");
    }
    std::vector<Tensor> arrays;
    for (uint64_t i = 0; i < count; ++i) {
      ASSIGN_OR_RETURN(Tensor array, ReadArray(i));
      arrays.push_back(std::move(array));
    }
    uint64_t names;
    if (!Take(&names) || names != count) return Bad("its names are missing");
    std::map<std::string, Tensor> result;
    for (Tensor& array : arrays) {
      uint64_t length;
      if (!Take(&length) || length > bytes_.size()) {
        return Bad("a name is cut off");
      }
      const std::string name(bytes_.substr(0, length));
      bytes_.remove_prefix(length);
      if (!result.emplace(name, std::move(array)).second) {
        return Bad(absl::StrCat("'", name, "' stands twice"));
      }
    }
    return result;
  }

 private:
  absl::Status Bad(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ": not a sound MXNet .params file: ", what));
  }

  template <typename T>
  bool Take(T* value) {
    if (bytes_.size() < sizeof(T)) return false;
    std::memcpy(value, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
    return true;
  }

  absl::StatusOr<Shape> ReadShape(uint64_t index, uint32_t rank, bool wide) {
    if (rank > kMaxMxnetRank) {
      return Bad(absl::StrCat("array ", index, " has rank ", rank));
    }
    std::vector<int64_t> extents(rank);
    for (int64_t& extent : extents) {
      uint32_t narrow = 0;
      if (!(wide ? Take(&extent) : Take(&narrow))) {
        return Bad(absl::StrCat("array ", index, " is cut off"));
      }
      if (!wide) extent = narrow;
    }
    absl::StatusOr<Shape> shape = Shape::FromExtents(extents);
    if (shape.ok()) return shape;
    return Bad(absl::StrCat("array ", index, ": ", shape.status().message()));
  }

  absl::StatusOr<Tensor> ReadArray(uint64_t index) {
    uint32_t magic;
    if (!Take(&magic)) return Bad(absl::StrCat("array ", index, " is cut off"));
    uint32_t rank = magic;  // the first version has no magic
    const bool wide =
        magic == kArrayV1 || magic == kArrayV2 || magic == kArrayV3;
    if (magic == kArrayV2 || magic == kArrayV3) {
      int32_t storage;
      if (!Take(&storage) || storage != kDense) {
        return Bad(absl::StrCat("array ", index, " is not dense"));
      }
    }
    if (wide && !Take(&rank)) {
      return Bad(absl::StrCat("array ", index, " is cut off"));
    }
    // Before NumPy shapes, rank 0 marked an array without contents.
    if (rank == 0 && magic != kArrayV3) {
      return Bad(absl::StrCat("array ", index, " was never filled"));
    }
    ASSIGN_OR_RETURN(const Shape shape, ReadShape(index, rank, wide));
    int32_t device_type, device_id, type;
    if (!Take(&device_type) || !Take(&device_id) || !Take(&type)) {
      return Bad(absl::StrCat("array ", index, " is cut off"));
    }
    constexpr int32_t kF32 = 0;
    if (type != kF32) {
      return Bad(absl::StrCat("array ", index, " has type ", type,
                              ", expected 0 (float32)"));
    }
    const uint64_t elements = shape.num_elements();
    if (elements > bytes_.size() / sizeof(float)) {
      return Bad(absl::StrCat("array ", index, " of shape ", shape.ToString(),
                              " does not fit the file"));
    }
    Tensor tensor(shape);
    std::memcpy(tensor.mutable_raw(), bytes_.data(), elements * sizeof(float));
    bytes_.remove_prefix(elements * sizeof(float));
    return tensor;
  }

  const std::string& path_;
  absl::string_view bytes_;
};

// "2a" -> "extractor/res2/res2_a", "4f" -> "..._b5", "4b22" -> "..._b22".
std::string BlockName(absl::string_view block) {
  if (block.size() < 2) return "";
  absl::string_view rest = block.substr(1);
  std::string bottleneck(rest);
  if (rest.size() == 1 && rest[0] > 'a' && rest[0] <= 'z') {
    bottleneck = absl::StrCat("b", rest[0] - 'a');
  }
  return absl::StrCat("extractor/res", block.substr(0, 1), "/res",
                      block.substr(0, 1), "_", bottleneck);
}

// "branch2b" -> "2", "branch1" (the projection) -> "4".
std::string BranchNumber(absl::string_view branch) {
  if (branch == "branch2a") return "1";
  if (branch == "branch2b") return "2";
  if (branch == "branch2c") return "3";
  return branch == "branch1" ? "4" : "";
}

std::string BatchNormLeaf(absl::string_view leaf) {
  if (leaf == "gamma" || leaf == "beta") return std::string(leaf);
  if (leaf == "moving_mean") return "avg_mean";
  return leaf == "moving_var" ? "avg_var" : "";
}

std::string BackboneName(absl::string_view name) {
  const bool norm = absl::ConsumePrefix(&name, "bn");
  if (!norm && !absl::ConsumePrefix(&name, "res")) return "";
  const std::vector<std::string> p =
      absl::StrSplit(name, absl::MaxSplits('_', 2));
  if (p.size() != 3) return "";
  const std::string leaf =
      norm ? BatchNormLeaf(p[2]) : (p[2] == "weight" ? "W" : "");
  if (norm && p[0].empty() && p[1] == "conv1" && !leaf.empty()) {
    return "extractor/res1/bn1/" + leaf;
  }
  const std::string block = BlockName(p[0]);
  const std::string number = BranchNumber(p[1]);
  if (block.empty() || number.empty() || leaf.empty()) return "";
  return absl::StrCat(block, "/", norm ? "bn" : "conv", number, "/", leaf);
}

// [outer][inner] rows -> [inner][outer]; a row is what follows the first axis.
Tensor SwapRows(const Tensor& t, int64_t outer) {
  Tensor out(t.shape());
  const int64_t inner = t.dim(0) / outer;
  const int64_t row = t.num_elements() / t.dim(0);
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      std::copy_n(t.data<float>() + (o * inner + i) * row, row,
                  out.mutable_data<float>() + (i * outer + o) * row);
    }
  }
  return out;
}

// Groups of four runs of `run` rows, x, y, w, h -> y, x, h, w.
Tensor SwapXy(const Tensor& t, int64_t run) {
  Tensor out(t.shape());
  const int64_t size = t.num_elements() / t.dim(0) * run;
  const int64_t runs = t.dim(0) / run;
  for (int64_t i = 0; i < runs; ++i) {
    std::copy_n(t.data<float>() + (i ^ 1) * size, size,
                out.mutable_data<float>() + i * size);
  }
  return out;
}

// The reference's channel order. An array of an impossible size is left as it
// is: CheckWeights names it.
Tensor Reordered(const std::string& name, const Tensor& t) {
  const int64_t rows = t.shape().rank() == 0 ? 0 : t.dim(0);
  if (rows == 0) return t;
  if (absl::StartsWith(name, "rpn/score/") && rows % 2 == 0) {
    return SwapRows(t, 2);
  }
  if (absl::StartsWith(name, "rpn/loc/") && rows % 4 == 0) {
    return SwapXy(t, 1);
  }
  if (absl::StartsWith(name, "head/psroi_conv3/") && rows % 8 == 0) {
    return SwapXy(t, rows / 8);
  }
  return t;
}

}  // namespace

absl::StatusOr<std::map<std::string, Tensor>> ReadMxnetParams(
    const std::string& path) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> file,
                   MappedFile::Open(path));
  return ParamsReader(path, file->bytes()).Read();
}

std::string NameFromMxnet(const std::string& name) {
  if (name == "conv1_weight") return "extractor/res1/conv1/W";
  static constexpr const char* kOthers[][2] = {
      {"rpn_conv_3x3", "rpn/conv1"},        {"rpn_cls_score", "rpn/score"},
      {"rpn_bbox_pred", "rpn/loc"},         {"conv_new_1", "head/psroi_conv1"},
      {"fcis_cls_seg", "head/psroi_conv2"}, {"fcis_bbox", "head/psroi_conv3"},
  };
  for (const auto& [theirs, ours] : kOthers) {
    if (name == absl::StrCat(theirs, "_weight"))
      return absl::StrCat(ours, "/W");
    if (name == absl::StrCat(theirs, "_bias")) return absl::StrCat(ours, "/b");
  }
  return BackboneName(name);
}

absl::StatusOr<Weights> ImportMxnet(const std::string& path,
                                    const absl::optional<ModelConfig>& config) {
  ASSIGN_OR_RETURN(auto arrays, ReadMxnetParams(path));
  Weights weights;
  weights.source = path;
  std::vector<std::string> left_out;
  for (const auto& [full, tensor] : arrays) {
    absl::string_view name = full;
    if (!absl::ConsumePrefix(&name, "arg:")) absl::ConsumePrefix(&name, "aux:");
    // Of both, the one without "_test": the header says why.
    if (absl::ConsumeSuffix(&name, kForTest) &&
        arrays.count(full.substr(0, full.size() - kForTest.size())) != 0) {
      left_out.push_back(full);
      continue;
    }
    const std::string ours = NameFromMxnet(std::string(name));
    weights.tensors[ours.empty() ? full : ours] = Reordered(ours, tensor);
  }
  if (config.has_value()) {
    weights.config = *config;
  } else {
    ASSIGN_OR_RETURN(weights.config, InferConfig(weights.tensors, path));
  }
  weights.config.mutable_head()->set_psroi_rounding(
      HeadConfig::ROUND_THEN_SCALE_INCLUSIVE);
  if (!left_out.empty()) {
    weights.remark = absl::StrCat(
        path,
        ": of the arrays that stand there twice, those without \"_test\" "
        "were taken, not ",
        absl::StrJoin(left_out, ", "));
  }
  // Its symbols give every batch norm the same epsilon.
  weights.config.mutable_backbone()->set_bn_eps_projection(
      weights.config.backbone().bn_eps());
  RETURN_IF_ERROR(CheckWeights(weights));
  return weights;
}

}  // namespace fcis::model
