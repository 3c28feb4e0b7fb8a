#include "fcis/data/loader/loader.h"

#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fcis/core/testing/near.h"
#include "fcis/data/loader/scene_set.h"
#include "fcis/data/loader/test_sets.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

constexpr int kSide = 16;

MemorySet Pictures(int count) {
  std::vector<LabelledImage> pictures;
  for (int i = 0; i < count; ++i) {
    pictures.push_back(CoordinatePicture(
        kSide, kSide + i % 5, static_cast<uint8_t>(i), {2, 3, 9, 8}));
  }
  return MemorySet(std::move(pictures));
}

std::vector<LoadedSample> Take(const TrainingSet& set,
                               const LoaderOptions& options, int count) {
  Loader loader(&set, PlainInput(kSide), options);
  std::vector<LoadedSample> samples;
  for (int i = 0; i < count; ++i) {
    absl::StatusOr<LoadedSample> sample = loader.Next();
    EXPECT_TRUE(sample.ok()) << sample.status();
    samples.push_back(*std::move(sample));
  }
  return samples;
}

void ExpectSame(const std::vector<LoadedSample>& got,
                const std::vector<LoadedSample>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(got[i].number, want[i].number);
    EXPECT_EQ(got[i].image_id, want[i].image_id);
    EXPECT_TRUE(AllEqual(got[i].sample.prepared, want[i].sample.prepared));
    EXPECT_EQ(got[i].sample.scale, want[i].sample.scale);
    EXPECT_EQ(got[i].sample.instances.boxes, want[i].sample.instances.boxes);
    EXPECT_EQ(got[i].sample.instances.labels, want[i].sample.instances.labels);
    EXPECT_EQ(got[i].sample.instances.masks, want[i].sample.instances.masks);
  }
}

// All that could draw from the random numbers.
LoaderOptions EverythingOn() {
  LoaderOptions options;
  options.seed = 11;
  options.augmentation.set_flip(true);
  options.augmentation.set_scale_jitter_low(.5);
  options.augmentation.set_scale_jitter_high(2);
  options.augmentation.set_copy_paste(.5);
  options.augmentation.set_channel_permutation(true);
  return options;
}

TEST(Loader, ThreadsAndPrefetchDoNotMatter) {
  const MemorySet set = Pictures(23);
  LoaderOptions options = EverythingOn();
  const auto want = Take(set, options, 60);
  for (const int threads : {2, 4}) {
    for (const int prefetch : {1, 9}) {
      options.threads = threads;
      options.prefetch = prefetch;
      ExpectSame(Take(set, options, 60), want);
    }
  }
}

TEST(Loader, AResumedRunGoesOnWhereItStopped) {
  const MemorySet set = Pictures(7);
  for (const bool grouped : {false, true}) {
    LoaderOptions options = EverythingOn();
    options.aspect_grouping = grouped;
    options.batch = 3;
    const auto all = Take(set, options, 30);
    options.first_iteration = 4;
    options.threads = 2;
    ExpectSame(Take(set, options, 18), {all.begin() + 12, all.end()});
  }
}

TEST(Loader, AnotherSeedIsAnotherRun) {
  const MemorySet set = Pictures(23);
  LoaderOptions options;
  const auto first = Take(set, options, 23);
  options.seed = 1;
  const auto second = Take(set, options, 23);
  int same = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    if (first[i].image_id == second[i].image_id) ++same;
  }
  EXPECT_LT(same, 12);
}

TEST(Loader, RanksShareOutWhatOneProcessWouldTake) {
  const MemorySet set = Pictures(24);
  LoaderOptions options = EverythingOn();
  options.batch = 6;
  const auto one = Take(set, options, 24);
  std::set<std::string> ids;
  for (const LoadedSample& sample : one) ids.insert(sample.image_id);
  EXPECT_EQ(ids.size(), 24u);
  options.world = 3;
  options.batch = 2;
  for (int rank = 0; rank < 3; ++rank) {
    options.rank = rank;
    std::vector<LoadedSample> want;
    for (int iteration = 0; iteration < 4; ++iteration) {
      const auto from = one.begin() + iteration * 6 + rank * 2;
      want.insert(want.end(), from, from + 2);
    }
    ExpectSame(Take(set, options, 8), want);
  }
}

TEST(Loader, HalfOfThePicturesAreFlipped) {
  const MemorySet set = Pictures(1);
  LoaderOptions options;
  options.augmentation.set_flip(true);
  int flipped = 0;
  for (const LoadedSample& sample : Take(set, options, 200)) {
    const Instances& instances = sample.sample.instances;
    const bool is_flipped = sample.sample.prepared.data<float>()[0] > 0;
    ASSERT_EQ(instances.size(), 1u);
    EXPECT_EQ(instances.boxes[0],
              is_flipped ? (Box{7, 3, 14, 8}) : (Box{2, 3, 9, 8}));
    EXPECT_EQ(instances.masks[0][4 * kSide + (is_flipped ? 13 : 2)], 1);
    EXPECT_EQ(instances.masks[0][4 * kSide + (is_flipped ? 2 : 13)], 0);
    flipped += is_flipped ? 1 : 0;
  }
  EXPECT_NEAR(flipped, 100, 30);
  options.augmentation.set_flip(false);
  for (const LoadedSample& sample : Take(set, options, 20)) {
    EXPECT_EQ(sample.sample.prepared.data<float>()[0], 0);
  }
}

TEST(Loader, APictureThatCannotBeHadIsAnErrorAndTheNextOneComes) {
  std::vector<LabelledImage> pictures(2);
  pictures[0] = CoordinatePicture(kSide, kSide, 0, {2, 3, 9, 8});
  const MemorySet set(std::move(pictures));
  LoaderOptions options;
  options.threads = 2;
  Loader loader(&set, PlainInput(kSide), options);
  int errors = 0;
  for (int i = 0; i < 10; ++i) {
    const absl::StatusOr<LoadedSample> sample = loader.Next();
    if (sample.ok()) {
      EXPECT_EQ(sample->image_id, "0");
    } else {
      EXPECT_EQ(sample.status(), absl::NotFoundError("picture 1 is away"));
      ++errors;
    }
  }
  EXPECT_EQ(errors, 5);
}

// Counts the pictures that it handed out.
class CountingSet : public MemorySet {
 public:
  using MemorySet::MemorySet;
  absl::StatusOr<LabelledImage> Get(int64_t index) const override {
    ++asked;
    return MemorySet::Get(index);
  }
  mutable std::atomic<int> asked{0};
};

TEST(Loader, RunsAheadByThePrefetchAndNoFarther) {
  const CountingSet set({CoordinatePicture(kSide, kSide, 0, {2, 3, 9, 8})});
  LoaderOptions options;
  options.threads = 2;
  options.prefetch = 6;
  Loader loader(&set, PlainInput(kSide), options);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(loader.Next().ok());
  // Six are ready in the queues, and each thread holds one more.
  for (int i = 0; i < 200 && set.asked < 5 + 6 + 2; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(set.asked, 5 + 6 + 2);
  EXPECT_GE(loader.wait_seconds(), 0);
}

TEST(Loader, MayBeDestroyedWhileItsThreadsWork) {
  const SceneSet set(1, 100, 64, 80);
  LoaderOptions options;
  options.threads = 3;
  for (int taken = 0; taken < 4; ++taken) {
    Loader loader(&set, PlainInput(64), options);
    for (int i = 0; i < taken; ++i) ASSERT_TRUE(loader.Next().ok());
  }
}

}  // namespace
}  // namespace fcis::data
