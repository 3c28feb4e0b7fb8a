#include "fcis/train/main/closing_lines.h"

#include "gtest/gtest.h"

namespace fcis::train {
namespace {

TEST(ClosingLinesTest, OfARunThatWasNotValidated) {
  FinishedRun run;
  run.model = "/tmp/run/model.safetensors";
  EXPECT_EQ(WhatToDoNext(run),
            "model: /tmp/run/model.safetensors\n"
            "To use it:  bazel run //fcis/tools:demo -- -m "
            "/tmp/run/model.safetensors --imgdir YOUR_PICTURES");
}

TEST(ClosingLinesTest, OfOneThatWasAreWordsOfAShell) {
  FinishedRun run;
  run.model = "/tmp/my run/model.safetensors";
  run.val_ann_file = "/tmp/it's.json";
  run.val_image_dir = "/tmp/$HOME";
  run.map_classes = "person:pedestrian,traffic light:light";
  run.picture = "/tmp/my run/validation.jpg";
  run.score_thresh = 0.4;
  EXPECT_EQ(
      WhatToDoNext(run),
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
