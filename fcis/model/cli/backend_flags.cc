#include "fcis/model/cli/backend_flags.h"

#include <optional>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/kernels/cuda_environment.h"
#include "fcis/model/network.h"
#include "oneapi/dnnl/dnnl.hpp"

ABSL_FLAG(std::string, device, "auto",
          "What computes: auto (a GPU if this program has support for one, "
          "else the CPU), cpu, cuda, ref (plain loops, very slow), or "
          "check:A,B (both, comparing every tensor).");
ABSL_FLAG(std::optional<int>, gpu, std::nullopt,
          "As in the original: -1 is --device cpu, 0 is --device cuda.");
ABSL_FLAG(
    std::string, precision, "auto",
    "What convolutions multiply: f32, bf16, int8 (of a model that quantize "
    "made) or auto (the last of these that model and device have "
    "instructions for); on a GPU also tf32 (f32 maps, of "
    "which 11 bits are multiplied) and fp16 (finer than bf16, but up to "
    "65504 only).");
ABSL_FLAG(
    double, auto_loss, 0.05,
    "By how much the network's outputs may be off, by their size, for "
    "--precision auto: int8 as quantize measured it (the model holds it), bf16 "
    "0.015, f32 0.");
ABSL_FLAG(
    std::string, conv, "auto",
    "How f32 convolutions are computed on a CPU, and bf16 and int8 ones "
    "without AMX: "
    "direct; winograd (3x3 kernels by a quarter of the products, rounding "
    "twice as much in f32, less in bf16); or auto (winograd for the layers "
    "that it makes faster).");

namespace fcis::model {
namespace {

// Values of 8 bits are off by 2^-9 / sqrt(3) of their size at most in the root
// of the mean square: kernels and maps of a hundred layers, as if independent.
constexpr double kBf16Loss = 0.015;

const std::vector<std::string>& Devices() {
  static const auto& devices =
      *new std::vector<std::string>{"cpu", "cuda", "ref"};
  return devices;
}

absl::Status CheckDevice(absl::string_view device) {
  absl::string_view pair = device;
  if (!absl::ConsumePrefix(&pair, "check:")) {
    std::vector<std::string> choices = Devices();
    choices.insert(choices.end(), {"auto", "check:A,B"});
    return CheckChoice("device", device, choices);
  }
  const std::vector<std::string> names = absl::StrSplit(pair, ',');
  if (names.size() != 2) {
    return UsageError(absl::StrCat(
        "--device=", device, ": expected two devices, as in check:cpu,ref"));
  }
  for (const std::string& name : names) {
    RETURN_IF_ERROR(CheckChoice("device", name, Devices()));
  }
  return absl::OkStatus();
}

// The value of --device, or what --gpu means.
absl::StatusOr<std::string> DeviceName() {
  const std::string device = absl::GetFlag(FLAGS_device);
  const std::optional<int> gpu = absl::GetFlag(FLAGS_gpu);
  if (!gpu) return device;
  if (*gpu < -1 || *gpu > 0) {
    return UsageError(absl::StrCat("--gpu=", *gpu,
                                   ": expected -1 (CPU) or 0 (first GPU; "
                                   "CUDA_VISIBLE_DEVICES chooses another)"));
  }
  const std::string meant = *gpu < 0 ? "cpu" : "cuda";
  if (device == "auto" || device == meant) return meant;
  return UsageError(absl::StrCat("--gpu=", *gpu, " means --device=", meant,
                                 ", but --device=", device, " was given"));
}

}  // namespace

std::vector<std::string> BackendFlagNames() {
  return {"device", "gpu", "precision", "auto_loss", "conv", "threads"};
}

std::string DeviceDetails() {
  const dnnl::version_t* v = dnnl::version();
  std::vector<kernels::EnvironmentEntry> entries = {
      {"oneDNN", absl::StrFormat("%d.%d.%d", v->major, v->minor, v->patch)}};
  for (kernels::EnvironmentEntry& entry : kernels::DescribeCuda()) {
    entries.push_back(std::move(entry));
  }
  return kernels::EnvironmentText(entries);
}

absl::Status CheckBackendFlags() {
  ASSIGN_OR_RETURN(const std::string device, DeviceName());
  RETURN_IF_ERROR(CheckDevice(device));
  RETURN_IF_ERROR(CheckChoice("precision", absl::GetFlag(FLAGS_precision),
                              {"auto", "bf16", "f32", "fp16", "int8", "tf32"}));
  RETURN_IF_ERROR(CheckChoice("conv", absl::GetFlag(FLAGS_conv),
                              {"auto", "direct", "winograd"}));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_auto_loss, 0));
  return CheckThreadsFlag();
}

absl::StatusOr<DeviceChoice> DeviceFromFlags() {
  RETURN_IF_ERROR(CheckBackendFlags());
  DeviceChoice choice;
  ASSIGN_OR_RETURN(choice.device, DeviceName());
  ASSIGN_OR_RETURN(choice.precision,
                   kernels::ParsePrecision(absl::GetFlag(FLAGS_precision)));
  ASSIGN_OR_RETURN(choice.algorithm,
                   kernels::ParseConvAlgorithm(absl::GetFlag(FLAGS_conv)));
  RETURN_IF_ERROR(SetThreadsFromFlag());
  return choice;
}

void SayWhyNotGpu(const absl::Status& status) {
  if (absl::IsUnimplemented(status)) return;
  absl::FPrintF(stderr, "%s; computing on the CPU\n", status.message());
}

std::string SettlePrecision(const kernels::Backend& backend, Weights* weights) {
  if (absl::GetFlag(FLAGS_precision) != "auto") {
    return std::string(PrecisionOf(*weights, backend));
  }
  const double most = absl::GetFlag(FLAGS_auto_loss);
  std::string refused;
  if (PrecisionOf(*weights, backend) == "int8") {
    const std::optional<float> loss = weights->int8.loss;
    if (loss && double{*loss} <= most) {
      return absl::StrFormat(
          "int8 (the fastest here; off by %.1f %%, at most %.1f %% with "
          "--auto_loss)",
          100 * double{*loss}, 100 * most);
    }
    weights->int8 = Quantization();
    refused = loss ? absl::StrFormat(
                         " (int8 is off by %.1f %%, more than "
                         "--auto_loss, %.1f %%)",
                         100 * double{*loss}, 100 * most)
                   : " (how far int8 is off was not measured)";
  }
  if (most < kBf16Loss) {
    refused = absl::StrFormat(
        " (bf16 may be off by %.1f %%, more than --auto_loss, %.1f %%)",
        100 * kBf16Loss, 100 * most);
  }
  return absl::StrCat(backend.precision(), refused);
}

absl::StatusOr<std::unique_ptr<kernels::Backend>> BackendFromFlags() {
  return MakeFromFlags([](absl::string_view device,
                          kernels::Precision precision,
                          kernels::ConvAlgorithm algorithm) {
    if (precision == kernels::Precision::kAuto &&
        absl::GetFlag(FLAGS_auto_loss) < kBf16Loss) {
      precision = kernels::Precision::kF32;
    }
    return kernels::MakeBackend(device, precision, algorithm);
  });
}

}  // namespace fcis::model
