#include "fcis/train/main/closing_lines.h"

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "fcis/data/coco/data_flags.h"
#include "fcis/train/main/train_plan.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

TEST(ClosingLinesTest, OfARunThatWasNotValidated) {
  EXPECT_EQ(WhatToDoNext("/tmp/run/model.safetensors", {}),
            "model: /tmp/run/model.safetensors\n"
            "To use it:  bazel run //fcis/tools:demo -- -m "
            "/tmp/run/model.safetensors --imgdir YOUR_PICTURES");
}

TEST(ClosingLinesTest, OfOneThatWasAreWordsOfAShell) {
  const absl::FlagSaver saver;
  absl::SetFlag(&FLAGS_val_ann_file, "/tmp/it's.json");
  absl::SetFlag(&FLAGS_val_image_dir, "/tmp/$HOME");
  absl::SetFlag(&FLAGS_map_classes, "person:pedestrian,traffic light:light");
  ValidationReport report;
  report.picture = "/tmp/my run/validation.jpg";
  report.score_thresh = 0.4;
  EXPECT_EQ(
      WhatToDoNext("/tmp/my run/model.safetensors", report),
      "model: /tmp/my run/model.safetensors\n"
      "Predictions beside truth:  /tmp/my run/validation.jpg\n"
      "To use it:  bazel run //fcis/tools:demo -- -m '/tmp/my "
      "run/model.safetensors' --score_thresh 0.40 --imgdir "
      "YOUR_PICTURES\n"
      "To score it:  bazel run //fcis/eval:eval -- -m '/tmp/my "
      "run/model.safetensors' --ann_file '/tmp/it'\\''s.json' --image_dir "
      "'/tmp/$HOME' --map_classes 'person:pedestrian,traffic "
      "light:light'");
}

TEST(ClosingLinesTest, GoesOnWithAsManyProcesses) {
  EXPECT_EQ(HowToGoOn("/tmp/run", 1),
            "To go on:  bazel run //fcis/train:train -- --out /tmp/run "
            "--resume");
  EXPECT_EQ(HowToGoOn("/tmp/a b", 2),
            "To go on:  bazel run --run_under='mpiexec -n 2' "
            "//fcis/train:train -- --out '/tmp/a b' --resume");
}

}  // namespace
}  // namespace fcis::train
