#include "fcis/train/checkpoint/checkpoint.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/near.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/load.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;

std::string Path(absl::string_view name) {
  return absl::StrCat(::testing::TempDir(), "/", name);
}

Checkpoint Small() {
  Checkpoint checkpoint;
  checkpoint.iteration = 12;
  checkpoint.tensors["a/W"] =
      Tensor::FromSpan<float>({2, 2}, {1, -2, 0.5f, 1e-30f});
  checkpoint.tensors["optimizer/momentum/a/W"] =
      Tensor::FromSpan<float>({2, 2}, {0, -0.0f, 3, 4});
  checkpoint.tensors["optimizer/steps"] =
      Tensor::FromSpan<int64_t>({1}, {int64_t{1} << 60});
  checkpoint.state = {{"schedule", "lr: 5e-5\n\"quoted\""}, {"empty", ""}};
  return checkpoint;
}

TEST(CheckpointName, ThereAndBack) {
  EXPECT_EQ(CheckpointName(12000), "checkpoint_00012000.safetensors");
  for (const int64_t i : {int64_t{0}, int64_t{7}, int64_t{123456789012}}) {
    EXPECT_EQ(CheckpointIteration(CheckpointName(i)), i);
  }
  for (const char* other :
       {"best.safetensors", "checkpoint_12.safetensors",
        "checkpoint_000000012.safetensors", "checkpoint_-0000012.safetensors",
        "checkpoint_00000012.safetensors.9.0.tmp", "checkpoint_.safetensors",
        "checkpoint_ 0000012.safetensors"}) {
    EXPECT_EQ(CheckpointIteration(other), -1) << other;
  }
}

TEST(Checkpoint, ReadsBackAsWritten) {
  const Checkpoint checkpoint = Small();
  const std::string path = Path("small.safetensors");
  ASSERT_TRUE(WriteCheckpointFile(path, checkpoint).ok());
  const auto got = ReadCheckpoint(path);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->iteration, 12);
  EXPECT_EQ(got->state, checkpoint.state);
  ASSERT_EQ(got->tensors.size(), checkpoint.tensors.size());
  for (const auto& [name, tensor] : checkpoint.tensors) {
    EXPECT_TRUE(AllEqual(got->tensors.at(name), tensor)) << name;
  }
}

TEST(Checkpoint, EveryDamagedByteIsNoticed) {
  const std::string path = Path("flipped.safetensors");
  ASSERT_TRUE(WriteCheckpointFile(path, Small()).ok());
  const std::string sound = *ReadFile(path);
  for (size_t at = 0; at < sound.size(); ++at) {
    for (const char flip : {'\x01', '\x20', '\x80', '\xff'}) {
      std::string damaged = sound;
      damaged[at] ^= flip;
      ASSERT_TRUE(WriteFileAtomic(path, damaged).ok());
      const absl::Status status = ReadCheckpoint(path).status();
      ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss)
          << "byte " << at << " ^ " << static_cast<int>(flip);
      ASSERT_THAT(status.message(), HasSubstr(path));
    }
  }
}

TEST(Checkpoint, EveryCutIsNoticed) {
  const std::string path = Path("cut.safetensors");
  ASSERT_TRUE(WriteCheckpointFile(path, Small()).ok());
  const std::string sound = *ReadFile(path);
  for (size_t size = 0; size < sound.size(); ++size) {
    ASSERT_TRUE(WriteFileAtomic(path, sound.substr(0, size)).ok());
    ASSERT_EQ(ReadCheckpoint(path).status().code(), absl::StatusCode::kDataLoss)
        << size << " bytes";
  }
}

TEST(Checkpoint, OtherFilesAreRefused) {
  EXPECT_EQ(ReadCheckpoint(Path("missing")).status().code(),
            absl::StatusCode::kNotFound);
  const std::string path = Path("model.safetensors");
  ASSERT_TRUE(model::SaveWeights(
                  path, model::DeterministicWeights(*Preset("parity_mini"), 3))
                  .ok());
  EXPECT_THAT(ReadCheckpoint(path).status().message(),
              HasSubstr("it has no checksum"));
}

TEST(Checkpoint, IsAModelFileToo) {
  const model::Weights weights =
      model::DeterministicWeights(*Preset("parity_mini"), 3);
  Checkpoint checkpoint;
  checkpoint.tensors = weights.tensors;
  checkpoint.tensors["optimizer/momentum/rpn/loc/W"] =
      weights.tensors.at("rpn/loc/W");
  checkpoint.state[model::kModelConfigKey] = weights.config.DebugString();
  const std::string path = Path("model_too.safetensors");
  ASSERT_TRUE(WriteCheckpointFile(path, checkpoint).ok());
  const auto got = model::LoadWeights(path);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->config.DebugString(), weights.config.DebugString());
  EXPECT_EQ(got->tensors.size(), weights.tensors.size());
}

// A file-size limit stands in for a full disk.
TEST(Checkpoint, FullDiskKeepsTheOldFile) {
  const std::string path = Path("full.safetensors");
  ASSERT_TRUE(WriteCheckpointFile(path, Small()).ok());
  Checkpoint large = Small();
  large.tensors["b"] = Tensor::Zeros({100000});
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small = {100000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = WriteCheckpointFile(path, large);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_THAT(status.message(), HasSubstr("cannot write " + path));
  EXPECT_EQ(ReadCheckpoint(path)->tensors.size(), Small().tensors.size());
}

TEST(CheckpointDeathTest, OwnKeysAreTaken) {
  Checkpoint checkpoint;
  checkpoint.state["checkpoint.sha256"] = "mine";
  EXPECT_DEATH(WriteCheckpointFile(Path("x"), checkpoint).IgnoreError(),
               "checkpoint.sha256");
}

}  // namespace
}  // namespace fcis::train
