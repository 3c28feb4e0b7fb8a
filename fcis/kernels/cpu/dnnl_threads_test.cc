#include <dlfcn.h>
#include <link.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/thread_team.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "oneapi/dnnl/dnnl.hpp"

// As oneDNN declares them.
extern "C" {
void GOMP_parallel(void (*body)(void*), void* data, unsigned members,
                   unsigned flags);
void GOMP_barrier();
int omp_get_max_threads();
int omp_get_num_threads();
int omp_get_thread_num();
int omp_in_parallel();
}

namespace fcis::kernels {
namespace {

// Names beginning with "GOMP_" or "omp_" that a loaded library imports.
std::set<std::string> OpenMpImports(const dl_phdr_info& library) {
  const ElfW(Sym)* symbols = nullptr;
  const char* names = nullptr;
  const ElfW(Rela)* calls = nullptr;
  size_t bytes = 0;
  for (int i = 0; i < library.dlpi_phnum; ++i) {
    if (library.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const auto* d = reinterpret_cast<const ElfW(Dyn)*>(
        library.dlpi_addr + library.dlpi_phdr[i].p_vaddr);
    for (; d->d_tag != DT_NULL; ++d) {
      const ElfW(Addr) at = d->d_un.d_ptr;
      if (d->d_tag == DT_SYMTAB) symbols = reinterpret_cast<ElfW(Sym)*>(at);
      if (d->d_tag == DT_STRTAB) names = reinterpret_cast<char*>(at);
      if (d->d_tag == DT_JMPREL) calls = reinterpret_cast<ElfW(Rela)*>(at);
      if (d->d_tag == DT_PLTRELSZ) bytes = d->d_un.d_val;
    }
  }
  std::set<std::string> found;
  for (size_t i = 0; i < bytes / sizeof(*calls); ++i) {
    const char* const name =
        names + symbols[ELF64_R_SYM(calls[i].r_info)].st_name;
    if (absl::StartsWith(name, "GOMP_") || absl::StartsWith(name, "omp_")) {
      found.insert(name);
    }
  }
  return found;
}

int CollectDnnlImports(dl_phdr_info* library, size_t, void* imports) {
  if (!absl::StrContains(library->dlpi_name, "libdnnl")) return 0;
  *static_cast<std::set<std::string>*>(imports) = OpenMpImports(*library);
  return 1;
}

// A function that this program lacked would come from libgomp, which knows
// nothing of our threads.
TEST(DnnlThreads, AllThatOneDnnAsksOfOpenMpIsOurs) {
  ASSERT_GT(dnnl::version()->major, 0);  // links it
  std::set<std::string> imports;
  ASSERT_EQ(dl_iterate_phdr(CollectDnnlImports, &imports), 1);
  EXPECT_THAT(imports, testing::Contains("GOMP_parallel"));
  Dl_info self, other;
  ASSERT_NE(dladdr(reinterpret_cast<void*>(&CollectDnnlImports), &self), 0);
  for (const std::string& name : imports) {
    void* const function = dlsym(RTLD_DEFAULT, name.c_str());
    ASSERT_NE(dladdr(function, &other), 0) << name;
    EXPECT_EQ(other.dli_fbase, self.dli_fbase)
        << name << " comes from " << other.dli_fname;
  }
}

struct Seen {
  std::atomic<int> members{0}, sum{0}, early{0};
};

TEST(DnnlThreads, RegionsAreTeams) {
  SetNumThreads(3);
  EXPECT_EQ(omp_get_max_threads(), 3);
  for (const unsigned asked : {0, 3}) {
    Seen seen;
    GOMP_parallel(
        [](void* data) {
          Seen& s = *static_cast<Seen*>(data);
          EXPECT_EQ(omp_get_num_threads(), 3);
          EXPECT_TRUE(omp_in_parallel());
          s.sum += omp_get_thread_num();
          ++s.members;
          GOMP_barrier();
          if (s.members != 3) ++s.early;
        },
        &seen, asked, 0);
    EXPECT_EQ(seen.members, 3);
    EXPECT_EQ(seen.sum, 0 + 1 + 2);
    EXPECT_EQ(seen.early, 0);
  }
  EXPECT_FALSE(omp_in_parallel());
  EXPECT_EQ(omp_get_num_threads(), 1);
  const SerialScope serial;
  EXPECT_EQ(omp_get_max_threads(), 1);
}

TEST(DnnlThreads, AThreadThatSetNothingHasTheSameNumber) {
  SetNumThreads(2);
  std::thread([] { EXPECT_EQ(omp_get_max_threads(), 2); }).join();
}

}  // namespace
}  // namespace fcis::kernels
