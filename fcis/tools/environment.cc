#include "fcis/tools/environment.h"

#include <gnu/libc-version.h>
#include <google/protobuf/stubs/common.h>
#include <mpi.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/base/config.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fcis/core/base/default_threads.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/kernels/cpu/dnnl_api.h"
#include "fcis/kernels/cuda_environment.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace fcis::tools {
namespace {

// The value of the first line `key : value` of a /proc file; "" without one.
std::string ProcValue(const char* path, absl::string_view key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    const std::vector<std::string> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (parts.size() == 2 && absl::StripAsciiWhitespace(parts[0]) == key) {
      return std::string(absl::StripAsciiWhitespace(parts[1]));
    }
  }
  return "";
}

// Instruction sets that matter to the kernels.
std::string CpuFeatures() {
  std::vector<std::string> found;
  const std::vector<std::string> flags =
      absl::StrSplit(ProcValue("/proc/cpuinfo", "flags"), ' ');
  for (const char* name :
       {"sse4_2", "avx", "avx2", "fma", "avx512f", "avx512bw", "avx512vl",
        "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16"}) {
    if (absl::c_linear_search(flags, name)) found.push_back(name);
  }
  return found.empty() ? "unknown" : absl::StrJoin(found, " ");
}

std::string DnnlIsa() {
  using dnnl::cpu_isa;
  static constexpr std::pair<cpu_isa, const char*> kNames[] = {
      {cpu_isa::sse41, "SSE4.1"},
      {cpu_isa::avx, "AVX"},
      {cpu_isa::avx2, "AVX2"},
      {cpu_isa::avx2_vnni, "AVX2 with VNNI"},
      {cpu_isa::avx512_core, "AVX-512"},
      {cpu_isa::avx512_core_vnni, "AVX-512 with VNNI"},
      {cpu_isa::avx512_core_bf16, "AVX-512 with bf16"},
      {cpu_isa::avx512_core_amx, "AVX-512 with AMX"}};
  for (const auto& [isa, name] : kNames) {
    if (isa == dnnl::get_effective_cpu_isa()) return name;
  }
  return "another instruction set";
}

// The implementation that oneDNN picks for the network's most frequent large
// convolution: 3x3 of res4 on a picture of 600 x 800.
std::string DnnlConvolution() {
  using dnnl::memory;
  const memory::data_type f32 = memory::data_type::f32;
  const memory::desc maps({1, 256, 38, 50}, f32, memory::format_tag::nhwc);
  const memory::desc weights({256, 256, 3, 3}, f32, memory::format_tag::any);
  return kernels::ConvForward(
             dnnl::engine(dnnl::engine::kind::cpu, 0),
             dnnl::prop_kind::forward_inference,
             dnnl::algorithm::convolution_direct,
             {maps, weights, {}, maps, {1, 1}, {0, 0}, {1, 1}, {1, 1}})
      .impl_info_str();
}

std::string Dnnl() {
  const dnnl::version_t* v = dnnl::version();
  return absl::StrFormat("%d.%d.%d, uses %s, 3x3 convolution by %s", v->major,
                         v->minor, v->patch, DnnlIsa(), DnnlConvolution());
}

std::string AutomaticPrecision() {
  const auto cpu = kernels::MakeBackend("cpu", kernels::Precision::kAuto);
  if (!cpu.ok()) return std::string(cpu.status().message());
  return absl::StrCat(DTypeName((*cpu)->activation_type()), " on the cpu");
}

std::string Memory() {
  const double page = static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 30);
  return absl::StrFormat("%.1f GiB, %.1f GiB free",
                         page * sysconf(_SC_PHYS_PAGES),
                         page * sysconf(_SC_AVPHYS_PAGES));
}

std::string System() {
  utsname name;
  uname(&name);
  return absl::StrCat(name.sysname, " ", name.release, " ", name.machine,
                      ", glibc ", gnu_get_libc_version());
}

std::string MpiVersion() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::vector<std::string> parts =
      absl::StrSplit(absl::string_view(text, length), ',');
  return parts[0];
}

std::string ProtobufVersion() {
  return absl::StrFormat("%d.%d.%d", GOOGLE_PROTOBUF_VERSION / 1000000,
                         GOOGLE_PROTOBUF_VERSION / 1000 % 1000,
                         GOOGLE_PROTOBUF_VERSION % 1000);
}

std::string Compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

}  // namespace

std::vector<kernels::EnvironmentEntry> DescribeEnvironment() {
  const ThreadLimits limits = FindThreadLimits();
  std::vector<kernels::EnvironmentEntry> entries = {
      {"system", System()},
      {"processor", ProcValue("/proc/cpuinfo", "model name")},
      {"instruction sets", CpuFeatures()},
      {"cores", absl::StrCat(limits.online)},
      {"threads", DescribeDefaultThreads(limits)},
      {"memory", Memory()},
      {"compiler", Compiler()},
      {"oneDNN", Dnnl()},
      {"--precision auto", AutomaticPrecision()},
      {"MPI", MpiVersion()},
      {"Abseil", absl::StrCat(ABSL_LTS_RELEASE_VERSION, ".",
                              ABSL_LTS_RELEASE_PATCH_LEVEL)},
      {"protobuf", ProtobufVersion()}};
  for (kernels::EnvironmentEntry& entry : kernels::DescribeCuda()) {
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace fcis::tools
