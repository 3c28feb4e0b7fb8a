#include "fcis/model/weights/weight_format.h"

#include <algorithm>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/file_kind.h"
#include "fcis/core/io/npz.h"

namespace fcis::model {
namespace {

using absl::string_view;

constexpr string_view kMxnet("\x12\x01\0\0\0\0\0\0", 8);
// PyTorch before 1.6: a magic number, pickled.
constexpr string_view kOldTorch =
    "\x80\x02\x8a\nl\xfc\x9c"
    "F\xf9 j\xa8P\x19";

// What is not read, by its first bytes, beside the kinds of file_kind.h.
struct Foreign {
  string_view magic;
  const char* what;
  const char* remedy;
};

constexpr char kKeras[] =
    "; scripts/keras_to_npz writes a ResNet of keras.applications as .npz, "
    "which train --init takes";
constexpr char kExport[] =
    "; export the weights, as safetensors, from the program that made it";

constexpr Foreign kForeign[] = {
    {"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras's .h5", kKeras},
    {"\x93NUMPY", "a single array (.npy)",
     "; expected an archive of named ones (.npz)"},
    // A version, then a producer's name or a graph.
    {string_view("\x08\x01\x12", 3), "a TensorFlow graph", kExport},
    {"{", "a JSON text",
     "; of MXNet's two files the weights are the one called .params"},
};

absl::Status Unread(const std::string& path, string_view what,
                    string_view remedy) {
  return absl::InvalidArgumentError(
      absl::StrCat(path,
                   ": expected a weight file (safetensors, chainer's .npz or "
                   "MXNet's .params), found ",
                   what, remedy));
}

absl::Status Unconverted(const std::string& path, string_view what,
                         string_view load) {
  return Unread(
      path, what,
      absl::StrCat(
          ", whose pickle may run code. To convert it, in Python with "
          "torch, numpy and safetensors:\n"
          "  import torch, safetensors.torch\n"
          "  t = ",
          load,
          "\n"
          "  t = t.get(\"state_dict\", t.get(\"model\", t))\n"
          "  safetensors.torch.save_file({k: v.contiguous().clone() for k, v "
          "in t.items()}, \"converted.safetensors\")\n"
          "train --init then takes converted.safetensors if it is a ResNet "
          "with torchvision's names."));
}

absl::Status PyTorch(const std::string& path) {
  return Unconverted(path, "a PyTorch file",
                     absl::StrCat("torch.load(\"", path,
                                  "\", map_location=\"cpu\", "
                                  "weights_only=True)"));
}

absl::Status TorchScript(const std::string& path) {
  return Unconverted(path, "a TorchScript program",
                     absl::StrCat("dict(torch.jit.load(\"", path,
                                  "\", map_location=\"cpu\").state_dict())"));
}

// ONNX: the version of its format, then the producer's name or the graph.
bool IsOnnx(string_view bytes) {
  return bytes.size() > 2 && bytes[0] == 0x08 && bytes[1] >= 2 &&
         bytes[1] <= 32 && (bytes[2] == 0x12 || bytes[2] == 0x3a);
}

absl::StatusOr<WeightFormat> FormatOfZip(const std::string& path) {
  const absl::StatusOr<std::vector<std::string>> members = ZipMembers(path);
  // The reader of .npz says what is wrong with it.
  if (!members.ok() || members->empty()) return WeightFormat::kNpz;
  const auto any = [&members](const auto& matches) {
    return absl::c_any_of(*members, matches);
  };
  const auto ends = [](const char* end) {
    return [end](const std::string& name) { return absl::EndsWith(name, end); };
  };
  if (any(ends("data.pkl"))) {
    const bool script = any([](const std::string& name) {
      return absl::StrContains(name, "/code/");
    });
    return script ? TorchScript(path) : PyTorch(path);
  }
  if (any(ends("model.weights.h5"))) {
    return Unread(path, "a Keras model (.keras)", kKeras);
  }
  if (any(ends(".npy"))) return WeightFormat::kNpz;
  constexpr size_t kMost = 3;
  return Unread(path,
                absl::StrCat("a zip archive without arrays (*.npy): it holds ",
                             absl::StrJoin(members->begin(),
                                           members->begin() +
                                               std::min(members->size(), kMost),
                                           ", "),
                             members->size() > kMost ? ", ..." : ""),
                "");
}

}  // namespace

absl::StatusOr<WeightFormat> WeightFormatOf(const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  const string_view bytes = file->bytes();
  if (bytes.empty()) return Unread(path, "an empty file", "");
  // A length of eight bytes, which may be any other format's mark, then the
  // header's brace.
  if (bytes.size() > 8 && bytes[8] == '{') return WeightFormat::kSafetensors;
  if (absl::StartsWith(bytes, kMxnet)) return WeightFormat::kMxnet;
  if (absl::StartsWith(bytes, kOldTorch)) return PyTorch(path);
  switch (const FileKind kind = KindOfBytes(bytes)) {
    case FileKind::kUnknown:
      break;
    case FileKind::kZip:
      return FormatOfZip(path);
    case FileKind::kPickle:
      return Unread(path, "a Python pickle (as Detectron's .pkl)", kExport);
    case FileKind::kGzip:
      return Unread(path, Describe(kind), "; unpack it first");
    default:
      return Unread(path, Describe(kind), "");
  }
  for (const Foreign& foreign : kForeign) {
    if (absl::StartsWith(bytes, foreign.magic)) {
      return Unread(path, foreign.what, foreign.remedy);
    }
  }
  if (IsOnnx(bytes)) return Unread(path, "an ONNX model", kExport);
  return Unread(path, "a file of no known kind", "");
}

}  // namespace fcis::model
