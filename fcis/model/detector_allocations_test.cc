// What a detection takes from the allocator once the sizes have come by: this
// program's malloc counts who asks.
#include <dlfcn.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "fcis/core/base/counter_rng.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/config/presets.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/model/detector.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"

// glibc's own.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
void __libc_free(void* memory);
}

namespace {

std::atomic<bool> counting{false};
// By this program and the libraries that it uses; by oneDNN.
std::atomic<int> ours{0}, theirs{0};

void Count(const void* caller) {
  if (!counting.load(std::memory_order_relaxed)) return;
  Dl_info info = {};
  const bool known = dladdr(caller, &info) != 0 && info.dli_fname != nullptr;
  const bool dnnl = known && std::strstr(info.dli_fname, "libdnnl") != nullptr;
  ++(dnnl ? theirs : ours);
}

}  // namespace

#define FCIS_COUNT() Count(__builtin_return_address(0))

extern "C" {
void* malloc(size_t size) {
  FCIS_COUNT();
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  FCIS_COUNT();
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  FCIS_COUNT();
  return __libc_realloc(memory, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  FCIS_COUNT();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, size_t alignment, size_t size) {
  FCIS_COUNT();
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
}

void* operator new(size_t size) {
  FCIS_COUNT();
  return __libc_malloc(size);
}
void* operator new(size_t size, std::align_val_t alignment) {
  FCIS_COUNT();
  return __libc_memalign(static_cast<size_t>(alignment), size);
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  FCIS_COUNT();
  return __libc_malloc(size);
}
void operator delete(void* memory) noexcept { __libc_free(memory); }
void operator delete(void* memory, size_t) noexcept { __libc_free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept {
  __libc_free(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  __libc_free(memory);
}

namespace fcis::model {
namespace {

class AllocationsTest : public ::testing::TestWithParam<int> {
 protected:
  AllocationsTest() { SetNumThreads(GetParam()); }
  ~AllocationsTest() override { SetNumThreads(0); }
};

INSTANTIATE_TEST_SUITE_P(Threads, AllocationsTest, ::testing::Values(1, 2),
                         ::testing::PrintToStringParamName());

Image Noise() {
  Image image(90, 120);
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = RngBits(RngKey("noise", 3), i) >> 56;
  }
  return image;
}

// The list of detections alone, which is the caller's; masks and all that comes
// before are in recycled memory. oneDNN takes memory for itself with each
// primitive, and gives it back.
TEST_P(AllocationsTest, OnlyTheListOfDetections) {
  ModelConfig config = *Preset("parity_mini");
  config.mutable_postprocess()->set_score_thresh(0.01);
  for (const auto precision :
       {kernels::Precision::kF32, kernels::Precision::kBF16}) {
    const auto backend =
        kernels::MakeBackend("cpu", precision, kernels::ConvAlgorithm::kAuto);
    if (!backend.ok()) continue;  // no bf16 here
    const auto detector =
        *Detector::Create(DeterministicWeights(config, 5), backend->get());
    const Image image = Noise();
    const auto detect = [&] {
      const auto found = detector->Detect(image, config.postprocess());
      return found.ok() ? found->size() : 0;
    };
    for (int i = 0; i < 3; ++i) EXPECT_GT(detect(), 0u);
    constexpr int kRounds = 50;
    ours = theirs = 0;
    counting = true;
    for (int i = 0; i < kRounds; ++i) detect();
    counting = false;
    EXPECT_GE(ours, kRounds);
    // Two threads may need a block more when they first do something at the
    // same time; what each picture takes would come kRounds times.
    EXPECT_LE(ours, GetParam() == 1 ? kRounds : kRounds * 3 / 2);
    constexpr int kMostPerPicture = 1000;
    EXPECT_LE(theirs, kRounds * kMostPerPicture);
    RecordProperty("of_onednn", theirs / kRounds);
  }
}

}  // namespace
}  // namespace fcis::model
