#include "fcis/train/main/run_flags.h"

#include <optional>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/cli/flag_parser.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "fcis/train/main/train_plan.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

ABSL_DECLARE_FLAG(std::string, device);
ABSL_DECLARE_FLAG(std::optional<int>, gpu);
ABSL_DECLARE_FLAG(int64_t, max_iters);

namespace fcis::train {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A run whose directory was moved from /run to /moved.
TEST(RunFlagsTest, PartsAreWhereTheRunIs) {
  RunRecord record;
  record.set_held_out_of("/data/all.json");
  (*record.mutable_flags())["ann_file"] = "/run/train.json";
  (*record.mutable_flags())["image_dir"] = "/data";
  (*record.mutable_flags())["val_ann_file"] = "/run/val.json";
  (*record.mutable_flags())["val_image_dir"] = "/data";
  ASSERT_TRUE(RestoreRunFlags(record, "/moved").ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_ann_file), "/moved/train.json");
  EXPECT_EQ(absl::GetFlag(FLAGS_val_ann_file), "/moved/val.json");
  EXPECT_EQ(absl::GetFlag(FLAGS_val_image_dir), "/data");
  EXPECT_FALSE(TrainsOnItsPart(record, "/moved"));
  RecordRunFlags(&record);
  EXPECT_TRUE(TrainsOnItsPart(record, "/moved"));
  // Another validation set stays.
  (*record.mutable_flags())["val_ann_file"] = "/data/val.json";
  ASSERT_TRUE(RestoreRunFlags(record, "/again").ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_ann_file), "/again/train.json");
  EXPECT_EQ(absl::GetFlag(FLAGS_val_ann_file), "/data/val.json");
  // Without parts nothing is moved.
  record.clear_held_out_of();
  ASSERT_TRUE(RestoreRunFlags(record, "/again").ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_ann_file), "/moved/train.json");
  absl::SetFlag(&FLAGS_val_ann_file, "");
  absl::SetFlag(&FLAGS_val_image_dir, "");
}

// The flags that a command line gave stay given: one test that goes through a
// run's life.
TEST(RunFlagsTest, ARunsFlagsComeBackUnlessGiven) {
  ASSERT_TRUE(ParseFlags({"--seed", "18446744073709551615"}, {}).ok());
  absl::SetFlag(&FLAGS_ann_file, "a.json");
  absl::SetFlag(&FLAGS_image_dir, "~/pictures");
  absl::SetFlag(&FLAGS_max_iters, 6);
  absl::SetFlag(&FLAGS_gpu, -1);
  absl::SetFlag(&FLAGS_init, "resnet101_imagenet");
  RunRecord record;
  RecordRunFlags(&record);
  EXPECT_EQ(record.flags().at("ann_file"), ResolvePath("a.json"));
  EXPECT_EQ(record.flags().at("image_dir"), ResolvePath("~/pictures"));
  EXPECT_EQ(record.flags().at("init"), "resnet101_imagenet");
  EXPECT_THAT(RunFlagDifferences(record), IsEmpty());
  const std::string file = testing::TempDir() + "/weights";
  ASSERT_TRUE(WriteFileAtomic(file, "x").ok());
  absl::SetFlag(&FLAGS_init, file);
  EXPECT_THAT(RunFlagDifferences(record),
              ElementsAre(absl::StrCat("--init: resnet101_imagenet -> ",
                                       ResolvePath(file))));

  // A file that is gone since, named as it was.
  absl::SetFlag(&FLAGS_init, "gone.npz");
  (*record.mutable_flags())["init"] = ResolvePath("gone.npz");
  EXPECT_THAT(RunFlagDifferences(record), IsEmpty());
  (*record.mutable_flags())["init"] = ResolvePath("other.npz");
  EXPECT_EQ(RunFlagDifferences(record).size(), 1u);
  (*record.mutable_flags())["init"] = ResolvePath(file);
  absl::SetFlag(&FLAGS_init, file);

  // A later start, whose command line says nothing but another seed.
  absl::SetFlag(&FLAGS_ann_file, "");
  absl::SetFlag(&FLAGS_max_iters, 0);
  absl::SetFlag(&FLAGS_gpu, std::nullopt);
  absl::SetFlag(&FLAGS_seed, 5);
  ASSERT_TRUE(RestoreRunFlags(record, "/run").ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_ann_file), ResolvePath("a.json"));
  EXPECT_EQ(absl::GetFlag(FLAGS_max_iters), 6);
  EXPECT_EQ(absl::GetFlag(FLAGS_gpu), std::optional<int>(-1));
  EXPECT_EQ(absl::GetFlag(FLAGS_device), "auto");
  EXPECT_EQ(absl::GetFlag(FLAGS_seed), 5u);
  EXPECT_THAT(RunFlagDifferences(record),
              ElementsAre("--seed: 18446744073709551615 -> 5"));

  (*record.mutable_flags())["max_iters"] = "many";
  EXPECT_FALSE(RestoreRunFlags(record, "/run").ok());
  record.mutable_flags()->erase("max_iters");

  // One that names other data and another device.
  ASSERT_TRUE(ParseFlags({"--data_dir", "/coco", "--device=cpu"}, {}).ok());
  absl::SetFlag(&FLAGS_ann_file, "");
  absl::SetFlag(&FLAGS_gpu, std::nullopt);
  ASSERT_TRUE(RestoreRunFlags(record, "/run").ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_ann_file), "");
  EXPECT_EQ(absl::GetFlag(FLAGS_data_dir), "/coco");
  EXPECT_EQ(absl::GetFlag(FLAGS_gpu), std::nullopt);
}

}  // namespace
}  // namespace fcis::train
