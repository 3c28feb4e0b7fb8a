// The loop with a network that only counts: what it is asked to do, and what
// the run directory keeps of it.
#include "fcis/train/trainer/trainer.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/fake_communicator.h"
#include "fcis/data/loader/test_sets.h"
#include "fcis/model/weights/load.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kSide = 16;
constexpr int kPictures = 6;

// Every weight is the number of updates.
class FakeLearner : public Learner {
 public:
  explicit FakeLearner(int64_t iteration = 0) : iteration_(iteration) {}

  int64_t iteration() const override { return iteration_; }

  absl::StatusOr<LossTerms> AddGradients(
      absl::Span<const data::TrainSample> samples, absl::Span<Sampler> samplers,
      bool first, bool last) override {
    calls += absl::StrCat(first ? "(" : "", samples.size(), last ? ")" : "");
    for (const data::TrainSample& sample : samples) {
      // Blue is the picture's number.
      seen.push_back(static_cast<int>(sample.prepared.data<float>()[2]));
    }
    for (Sampler& sampler : samplers) {
      chosen.push_back(sampler.Choose({0, 1, 2, 3, 4, 5, 6, 7}, 1)[0]);
    }
    LossTerms terms;
    terms[kernels::kRpnLocTerm] = iteration_ == nan_at ? std::nan("") : 0.25;
    terms[kWithoutRois] = 1;
    return terms;
  }
  absl::Status AddUpGradients() override {
    calls += "+";
    return absl::OkStatus();
  }
  absl::StatusOr<UpdateNumbers> Update(double learning_rate) override {
    if (iteration_ == diverges_at) {
      return absl::AbortedError("the gradient's norm is not finite");
    }
    rates.push_back(learning_rate);
    ++iteration_;
    return update;
  }
  absl::StatusOr<Checkpoint> Save() const override {
    Checkpoint checkpoint;
    checkpoint.iteration = iteration_;
    checkpoint.tensors = Averaged()->tensors;
    return checkpoint;
  }
  absl::StatusOr<model::Weights> Averaged() const override {
    model::Weights weights;
    weights.config = *Preset("parity_mini");
    for (const model::TensorSpec& spec :
         model::ExpectedTensors(weights.config)) {
      Tensor tensor(spec.shape);
      const absl::Span<float> values = tensor.mutable_span<float>();
      std::fill(values.begin(), values.end(), static_cast<float>(iteration_));
      weights.tensors[spec.name] = tensor;
    }
    return weights;
  }

  UpdateNumbers update;
  int64_t nan_at = -1, diverges_at = -1;
  std::string calls;
  std::vector<int> seen, chosen;
  std::vector<double> rates;

 private:
  int64_t iteration_;
};

// The other of two processes has nothing to add but a request to stop, once
// `sums` sums were made.
class StopsOther : public FakeCommunicator {
 public:
  explicit StopsOther(int sums) : FakeCommunicator(0, 2), sums_(sums) {}
  using FakeCommunicator::Sum;
  absl::Status Sum(absl::Span<double> values) override {
    if (sums_-- == 0) values.back() += 1;
    return absl::OkStatus();
  }

 private:
  int sums_;
};

// The other of two processes has twice as much of everything.
class Twice : public FakeCommunicator {
 public:
  Twice() : FakeCommunicator(0, 2) {}
  using FakeCommunicator::Sum;
  absl::Status Sum(absl::Span<double> values) override {
    for (double& v : values) v *= 3;
    return absl::OkStatus();
  }
};

// Rank 1, whose rank 0 fails.
class FailingLeader : public FakeCommunicator {
 public:
  FailingLeader() : FakeCommunicator(1, 2) {}
  using FakeCommunicator::Sum;
  absl::StatusOr<int> Sum(int value) override { return value + 1; }
};

class TrainerTest : public ::testing::Test {
 protected:
  TrainerTest() : data_(Pictures()) {
    run_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(run_);
    auto* phase = options_.config.mutable_schedule()->add_phases();
    phase->set_end_iteration(4);
    phase->set_lr(.5);
    *options_.config.mutable_schedule()->add_phases() = *phase;
    options_.config.mutable_schedule()->mutable_phases(1)->set_end_iteration(6);
    options_.config.mutable_schedule()->mutable_phases(1)->set_lr(.125);
    options_.config.mutable_augmentation()->set_flip(false);
    options_.config.set_batch(2);
    options_.keep_checkpoints = 0;
  }

  static std::vector<data::LabelledImage> Pictures() {
    std::vector<data::LabelledImage> pictures;
    for (int i = 0; i < kPictures; ++i) {
      pictures.push_back(data::CoordinatePicture(
          kSide, kSide, static_cast<uint8_t>(i), {2, 3, 9, 8}));
    }
    return pictures;
  }

  // Everything but the trainer, for one start of a run.
  struct Start {
    Start(const TrainerOptions& options, const data::TrainingSet& data,
          const std::string& run, RunRecord record, Communicator* job,
          Learner* learner)
        : times(options, data.size(), job->size()), watchdog({}) {
      data::LoaderOptions loading;
      loading.rank = job->rank();
      loading.world = job->size();
      loading.batch = options.config.batch() * options.config.accumulate();
      loading.first_iteration = learner->iteration();
      loader = std::make_unique<data::Loader>(&data, data::PlainInput(kSide),
                                              loading);
      if (job->rank() == 0) {
        RunDirectory::Options where;
        where.out = run;
        where.resume = HoldsRun(run);
        directory = *RunDirectory::Open(where);
      }
      recorder = std::make_unique<RunRecorder>(run, directory.get(), record);
      RunStart start;
      start.iteration = learner->iteration();
      EXPECT_TRUE(recorder->Start(start, times.iterations()).ok());
      trainer = std::make_unique<Trainer>(options, times, learner, loader.get(),
                                          recorder.get(), &watchdog, job);
    }

    Timetable times;
    Watchdog watchdog;
    std::unique_ptr<data::Loader> loader;
    std::unique_ptr<RunDirectory> directory;
    std::unique_ptr<RunRecorder> recorder;
    std::unique_ptr<Trainer> trainer;
  };

  absl::StatusOr<bool> Run(FakeLearner* learner, Communicator* job) {
    return Start(options_, data_, run_, record_, job, learner).trainer->Run();
  }
  absl::StatusOr<bool> Run(FakeLearner* learner) {
    SelfCommunicator alone;
    return Run(learner, &alone);
  }

  // What each validation found, in their order; the rest of the options for it.
  void ValidateWith(std::vector<double> aps, int patience) {
    options_.config.mutable_schedule()->set_patience(patience);
    options_.validate_every = .34;  // of an epoch of 3 iterations
    options_.validate = [this, aps](const model::Weights&, int64_t iteration,
                                    const std::string&) {
      validated_.push_back(iteration);
      return ValidationScore{aps[static_cast<size_t>(iteration - 1)], 0};
    };
  }

  bool Has(const std::string& name) const { return fs::exists(Path(name)); }
  std::string Path(const std::string& name) const { return run_ + "/" + name; }
  std::vector<std::string> Log() const {
    return absl::StrSplit(*ReadFile(Path("log.jsonl")), '\n',
                          absl::SkipEmpty());
  }
  // The updates that made the model.
  float Model() const {
    const absl::StatusOr<model::Weights> model =
        model::LoadWeights(Path(kModelFile));
    EXPECT_TRUE(model.ok()) << model.status();
    return model.ok() ? model->tensors.begin()->second.data<float>()[0] : -1;
  }

  const data::MemorySet data_;
  TrainerOptions options_;
  RunRecord record_;
  std::string run_;
  std::vector<int64_t> validated_;
};

TEST_F(TrainerTest, RunsToTheEnd) {
  FakeLearner learner;
  const absl::StatusOr<bool> end = Run(&learner);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_TRUE(*end);
  EXPECT_EQ(learner.calls, "(2)+(2)+(2)+(2)+(2)+(2)+");
  EXPECT_THAT(learner.rates, ElementsAre(.5, .5, .5, .5, .125, .125));
  // Each picture once in an epoch.
  ASSERT_EQ(learner.seen.size(), 12u);
  std::vector<int> epoch(learner.seen.begin(), learner.seen.begin() + 6);
  std::sort(epoch.begin(), epoch.end());
  EXPECT_THAT(epoch, ElementsAre(0, 1, 2, 3, 4, 5));
  ASSERT_EQ(Log().size(), 6u);
  EXPECT_THAT(
      Log()[4],
      HasSubstr(R"("iteration":5,"epoch":1.6666666666666667,"lr":0.125,)"
                R"("loss":0.25,"rpn_loc_loss":0.25)"));
  EXPECT_THAT(Log()[4], HasSubstr(R"("without_rois":1)"));
  EXPECT_THAT(Log()[4], Not(HasSubstr("gradient_norm")));
  EXPECT_TRUE(Has("checkpoint_00000003.safetensors"));
  EXPECT_TRUE(Has("checkpoint_00000006.safetensors"));
  EXPECT_FALSE(Has("checkpoint_00000004.safetensors"));
  EXPECT_EQ(Model(), 6);
}

TEST_F(TrainerTest, PartsOfAnIterationAddUp) {
  options_.config.set_batch(1);
  options_.config.set_accumulate(3);
  options_.max_iterations = 2;
  FakeLearner learner;
  ASSERT_TRUE(Run(&learner).ok());
  EXPECT_EQ(learner.calls, "(111)+(111)+");
  EXPECT_THAT(Log()[0], HasSubstr(R"("loss":0.75,)"));
}

TEST_F(TrainerTest, TermsOfAllProcessesAddUp) {
  Twice job;
  FakeLearner learner;
  ASSERT_TRUE(Run(&learner, &job).ok());
  EXPECT_THAT(Log()[0], HasSubstr(R"("loss":0.75,"rpn_loc_loss":0.75,)"));
  EXPECT_THAT(Log()[0], HasSubstr(R"("without_rois":3.0)"));
}

// Pictures and what is sampled of them are those of the whole run.
TEST_F(TrainerTest, GoesOnWhereItWas) {
  FakeLearner whole;
  ASSERT_TRUE(Run(&whole).ok());
  FakeLearner resumed(3);
  ASSERT_TRUE(Run(&resumed).ok());
  EXPECT_THAT(resumed.seen, ::testing::ElementsAreArray(whole.seen.begin() + 6,
                                                        whole.seen.end()));
  EXPECT_THAT(resumed.chosen,
              ::testing::ElementsAreArray(whole.chosen.begin() + 6,
                                          whole.chosen.end()));
  EXPECT_THAT(resumed.rates, ElementsAre(.5, .125, .125));
  EXPECT_EQ(Log().size(), 6u);
  EXPECT_THAT(*ReadFile(Path("losses.svg")),
              HasSubstr("points=\"176.0,216.0 296.0,216.0 416.0,216.0 "
                        "536.0,216.0 656.0,216.0 776.0,216.0 \""));
}

TEST_F(TrainerTest, AStopOfAnyProcessSavesAndLeaves) {
  StopsOther job(1);
  FakeLearner learner;
  const absl::StatusOr<bool> end = Run(&learner, &job);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_FALSE(*end);
  EXPECT_EQ(learner.iteration(), 2);
  EXPECT_TRUE(Has("checkpoint_00000002.safetensors"));
  EXPECT_FALSE(Has(kModelFile));
}

// A stop in the last iteration changes nothing.
TEST_F(TrainerTest, AStopAtTheEndIsTheEnd) {
  StopsOther job(5);
  FakeLearner learner;
  EXPECT_TRUE(*Run(&learner, &job));
  EXPECT_EQ(Model(), 6);
}

TEST_F(TrainerTest, ALossThatIsNotFiniteIsNamed) {
  options_.checkpoint_every = 1;
  FakeLearner learner;
  learner.nan_at = 2;
  const absl::Status status = Run(&learner).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(status.ToString(),
              HasSubstr(absl::StrCat("iteration 3: rpn_loc_loss is nan for "
                                     "image ids ",
                                     learner.seen[4], ", ", learner.seen[5],
                                     " on rank 0; a lower")));
  EXPECT_EQ(learner.rates.size(), 2u);
  EXPECT_TRUE(Has("checkpoint_00000002.safetensors"));
}

TEST_F(TrainerTest, GradientsThatAreNotFiniteAreNamed) {
  FakeLearner learner;
  learner.diverges_at = 4;
  EXPECT_THAT(Run(&learner).status().ToString(),
              HasSubstr("iteration 5: the gradient's norm is not finite; a "));
  EXPECT_EQ(Log().size(), 4u);
}

TEST_F(TrainerTest, LogsWhatTheUpdateWasLike) {
  options_.max_iterations = 1;
  FakeLearner learner;
  learner.update.gradient_norm = 2.5;
  learner.update.loss_scale = 1024;
  learner.update.left_out = true;
  ASSERT_TRUE(Run(&learner).ok());
  EXPECT_THAT(
      Log()[0],
      HasSubstr(R"("gradient_norm":2.5,"loss_scale":1024.0,"left_out":1.0)"));
}

TEST_F(TrainerTest, WithoutPatienceTheLastIsTheModel) {
  ValidateWith({.1, .5, .4, .3, .2, .1}, 0);
  FakeLearner learner;
  ASSERT_TRUE(Run(&learner).ok());
  EXPECT_THAT(validated_, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(Model(), 6);
  EXPECT_THAT(*ReadFile(Path("best.json")), HasSubstr("0.5"));
  EXPECT_THAT(Log()[3], HasSubstr(R"("iteration":2,"validation_ap":0.5)"));
}

TEST_F(TrainerTest, PatienceEndsARunWithItsBest) {
  ValidateWith({.1, .5, .4, .3, .2, .1}, 2);
  FakeLearner learner;
  const absl::StatusOr<bool> end = Run(&learner);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_TRUE(*end);
  EXPECT_EQ(learner.iteration(), 4);
  EXPECT_EQ(Model(), 2);
  // Again: it knows that it has ended, after the validation that may be
  // missing.
  FakeLearner again(4);
  EXPECT_TRUE(*Run(&again));
  EXPECT_EQ(Model(), 2);
  EXPECT_EQ(again.calls, "");
  EXPECT_THAT(validated_, ElementsAre(1, 2, 3, 4, 4));
}

TEST_F(TrainerTest, ADamagedBestIsNoModel) {
  ValidateWith({.1, .5, .4, .3, .2, .1}, 2);
  FakeLearner learner(4);
  ASSERT_FALSE(HoldsRun(run_));
  fs::create_directories(run_);
  ASSERT_TRUE(WriteFileAtomic(Path("best.safetensors"), "x").ok());
  ASSERT_TRUE(WriteFileAtomic(Path("best.json"),
                              R"({"iteration": 2, "ap": 0.875,
                                  "without_improvement": [3]})")
                  .ok());
  EXPECT_THAT(Run(&learner).status().ToString(), HasSubstr("best.safetensors"));
  EXPECT_FALSE(Has(kModelFile));
}

TEST_F(TrainerTest, ScoresAreLoweredInTheModelThatIsWritten) {
  int64_t asked = -1;
  options_.overconfidence = [&](int64_t iteration) {
    asked = iteration;
    EXPECT_FALSE(Has(kModelFile));
    return 1.5;
  };
  FakeLearner learner;
  ASSERT_TRUE(Run(&learner).ok());
  EXPECT_EQ(asked, 6);
  EXPECT_EQ(
      model::LoadWeights(Path(kModelFile))->config.postprocess().lower_scores(),
      1.5);
}

// What was finished before is another run's model from the next iteration on.
TEST_F(TrainerTest, AFinishedModelIsSetAsideByALongerRun) {
  FakeLearner learner;
  ASSERT_TRUE(Run(&learner).ok());
  record_.set_finished(6);
  FakeLearner earlier(3);
  options_.max_iterations = 4;
  ASSERT_TRUE(Run(&earlier).ok());
  EXPECT_TRUE(Has(absl::StrCat(kModelFile, ".set_aside")));
  EXPECT_TRUE(Has("checkpoint_00000006.safetensors.set_aside"));
  EXPECT_EQ(Log().size(), 4u);
  EXPECT_EQ(Model(), 4);
}

TEST_F(TrainerTest, OtherRanksWriteNothing) {
  FakeCommunicator second(1, 2);
  FakeLearner learner;
  const absl::StatusOr<bool> end = Run(&learner, &second);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_TRUE(*end);
  EXPECT_EQ(learner.iteration(), 6);
  EXPECT_FALSE(fs::exists(run_));
  FailingLeader job;
  FakeLearner stopped;
  EXPECT_THAT(Run(&stopped, &job).status().ToString(),
              HasSubstr("rank 0 could not write its checkpoint"));
  EXPECT_EQ(stopped.iteration(), 1);
}

TEST_F(TrainerTest, ATrialChangesNothing) {
  ValidateWith({}, 0);
  options_.validation_pictures = 4;
  SelfCommunicator job;
  FakeLearner learner;
  const absl::StatusOr<Trial> trial =
      Start(options_, data_, run_, record_, &job, &learner).trainer->Try();
  ASSERT_TRUE(trial.ok()) << trial.status();
  EXPECT_THAT(learner.rates, ElementsAre(0, 0, 0));
  EXPECT_EQ(trial->iterations, 6);
  EXPECT_EQ(trial->epochs, 2);
  EXPECT_EQ(trial->validations, 6);
  EXPECT_GT(trial->iteration_s, 0);
  EXPECT_DOUBLE_EQ(trial->validation_s, trial->iteration_s);
  EXPECT_THAT(validated_, ElementsAre());
}

}  // namespace
}  // namespace fcis::train
