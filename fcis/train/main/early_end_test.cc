// Validations end a run, and choose its model (schedule.patience).
#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/model/weights/load.h"
#include "fcis/train/testing/train_program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

// A run of two validations with an AP that later ones will not reach, of
// iteration 2; the one of iteration 4 is within the warm-up.
class EarlyEndTest : public TinySetTest {
 protected:
  std::string Flags(int iterations, const std::string& out,
                    const std::string& set = "") const {
    return absl::StrCat(TinyFlags("batch: 1 schedule { patience: 3 } " + set),
                        DataFlags(data_), "--val_ann_file ", data_,
                        "/annotations.json --val_image_dir ", data_,
                        "/images --val_every 0.5 --threads 1 --max_iters ",
                        iterations, " --out ", out, " ");
  }
  Outcome Resume(const std::string& flags = "") const {
    return Train(absl::StrCat("--resume --threads 1 --out ", run_, " ", flags));
  }
  void Begin() const {
    const Outcome begun = Train(Flags(4, run_));
    ASSERT_EQ(begun.code, 0) << begun.output;
    fs::remove(run_ + "/best.safetensors");
    fs::copy_file(run_ + "/checkpoint_00000002.safetensors",
                  run_ + "/best.safetensors");
    ASSERT_TRUE(WriteFileAtomic(run_ + "/best.json",
                                R"({"iteration": 2, "ap": 0.875,
                                    "without_improvement": [4]})")
                    .ok());
  }
};

TEST_F(EarlyEndTest, TheBestIsTheModelOfARunThatEndsEarly) {
  const std::string short_run = NewDirectory("early_short");
  const Outcome two = Train(Flags(2, short_run));
  ASSERT_EQ(two.code, 0) << two.output;
  Begin();
  // Stopped in between, it counts as one that was not.
  ASSERT_EQ(Resume("--max_iters 6").code, 0);
  const Outcome early = Resume("--max_iters 40");
  ASSERT_EQ(early.code, 0) << early.output;
  EXPECT_THAT(early.output,
              HasSubstr("no better AP in 3 validations: training ends after "
                        "iteration 10 of 40"));
  EXPECT_THAT(early.output,
              HasSubstr("of iteration 2, the best validated: AP 0.875"));
  EXPECT_EQ(ReadLog(run_).size(), 10u);
  const std::string model = *ReadFile(run_ + "/model.safetensors");
  EXPECT_EQ(model, *ReadFile(short_run + "/model.safetensors"));

  const Outcome finished = Resume("--max_iters 50");
  EXPECT_EQ(finished.code, 0) << finished.output;
  EXPECT_THAT(finished.output,
              HasSubstr("the run is finished: 10 iterations are done"));
  EXPECT_THAT(finished.output, HasSubstr("patience: 0"));
  // Killed before the model was written.
  fs::remove(run_ + "/model.safetensors");
  const Outcome written = Resume("--max_iters 50");
  EXPECT_EQ(written.code, 0) << written.output;
  EXPECT_EQ(ReadLog(run_).size(), 10u);
  EXPECT_EQ(*ReadFile(run_ + "/model.safetensors"), model);
  // From before its end it comes to the same end.
  const Outcome back =
      Resume(absl::StrCat("--max_iters 40 --resume_from ", run_,
                          "/checkpoint_00000008.safetensors"));
  EXPECT_EQ(back.code, 0) << back.output;
  EXPECT_EQ(ReadLog(run_).size(), 10u);

  const Outcome longer =
      Resume("--max_iters 12 --change_recipe --set 'schedule { patience: 0 }'");
  EXPECT_EQ(longer.code, 0) << longer.output;
  EXPECT_EQ(ReadLog(run_).size(), 12u);
  EXPECT_NE(*ReadFile(run_ + "/model.safetensors"), model);
}

TEST_F(EarlyEndTest, AllRanksEndTogether) {
  Begin();
  const Outcome both = Shell(absl::StrCat(
      "timeout 60 ", Mpi(2, absl::StrCat("--resume --threads 1 --max_iters 40 "
                                         "--out ",
                                         run_))));
  ASSERT_EQ(both.code, 0) << both.output;
  // An epoch is 2 iterations now: each iteration is validated.
  EXPECT_THAT(both.output, HasSubstr("training ends after iteration 7 of 40"));
  EXPECT_EQ(ReadLog(run_).size(), 7u);
  EXPECT_THAT(Resume().output, HasSubstr("the run is finished: 7 iterations"));
}

// What an untrained network finds by chance is nothing to be patient about.
TEST_F(EarlyEndTest, ARunThatHasLearnedNothingGoesToItsEnd) {
  const Outcome begun = Train(Flags(14, run_) + "--seed 2");
  ASSERT_EQ(begun.code, 0) << begun.output;
  EXPECT_EQ(ReadLog(run_).size(), 14u);
}

// Of a network that takes everything for the first class.
TEST_F(EarlyEndTest, ScoresAreCalibrated) {
  const std::string plain_run = NewDirectory("plain");
  const Outcome plain = Train(Flags(2, plain_run));
  ASSERT_EQ(plain.code, 0) << plain.output;
  EXPECT_THAT(plain.output, Not(HasSubstr("so many were right")));
  absl::StatusOr<model::Weights> sure =
      model::LoadWeights(plain_run + "/model.safetensors");
  ASSERT_TRUE(sure.ok()) << sure.status();
  Tensor bias = sure->tensors.at("head/psroi_conv2/b").Clone();
  const int pair =
      2 * sure->config.head().group_size() * sure->config.head().group_size();
  for (int i = pair; i < 2 * pair; ++i) bias.mutable_data<float>()[i] += 5;
  sure->tensors["head/psroi_conv2/b"] = bias;
  ASSERT_TRUE(model::SaveWeights(plain_run + "/sure.safetensors", *sure).ok());

  const Outcome outcome = Train(
      Flags(2, run_, "calibrate_scores: true optimizer { ema_decay: 0 }") +
      "--init " + plain_run + "/sure.safetensors");
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("so many were right"));
  const auto model = model::LoadWeights(run_ + "/model.safetensors");
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_GT(model->config.postprocess().lower_scores(), 1);
}

}  // namespace
}  // namespace fcis::train
