#include "fcis/train/testing/train_program.h"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/run_program.h"
#include "fcis/data/synth/scene_dataset.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

std::vector<rapidjson::Document> LinesWith(const char* name,
                                           const std::string& run) {
  std::vector<rapidjson::Document> lines;
  const std::string text = *ReadFile(run + "/log.jsonl");
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (line.empty()) continue;
    rapidjson::Document json;
    json.Parse(line.data(), line.size());
    EXPECT_FALSE(json.HasParseError()) << line;
    if (json.IsObject() && json.HasMember(name)) {
      lines.push_back(std::move(json));
    }
  }
  return lines;
}

}  // namespace

std::string TinyFlags(const std::string& set) {
  return absl::StrCat(
      "--config small_scenes --precision f32 --set 'model: \"parity_mini\" "
      "scenes { count: 10 height: 64 width: 80 } schedule { "
      "warmup_iterations: 4 } ",
      set, "' ");
}

std::string TrainProgram() {
  return *FindRunfile("fcis/train/main/train_main");
}

Outcome Shell(const std::string& command) {
  Outcome outcome;
  FILE* pipe = popen(absl::StrCat(command, " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer;
  for (size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    outcome.output.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

Outcome Train(const std::string& flags) {
  return Shell(absl::StrCat(TrainProgram(), " ", flags));
}

std::string Mpi(int ranks, const std::string& flags) {
  return absl::StrCat(Mpiexec(ranks), " ", TrainProgram(), " ", flags);
}

// A directory that does not exist yet.
std::string NewDirectory(const std::string& name) {
  const std::string path =
      (std::filesystem::path(testing::TempDir()) / name).string();
  Shell(absl::StrCat("rm -rf ", path));
  return path;
}

void WriteTinySet(const std::string& directory, int pictures) {
  data::SceneDatasetOptions options;
  options.images = pictures;
  options.height = 64;
  options.width = 80;
  ASSERT_TRUE(data::WriteSceneDataset(directory, options, [](int64_t) {}).ok());
  ASSERT_TRUE(WriteFileAtomic(directory + "/annotations.json",
                              TinyAnnotations(pictures))
                  .ok());
}

std::string TinyAnnotations(int pictures, const std::string& first,
                            const std::string& second) {
  std::vector<std::string> images, annotations;
  for (int i = 1; i <= pictures; ++i) {
    images.push_back(absl::StrFormat(
        R"({"id": %d, "file_name": "%012d.jpg", "height": 64, "width": 80})", i,
        i));
    annotations.push_back(absl::StrFormat(
        R"({"id": %d, "image_id": %d, "category_id": %d, "iscrowd": 0,)"
        R"( "bbox": [8, 8, 40, 30], "area": 1200,)"
        R"( "segmentation": [[8, 8, 48, 8, 48, 38, 8, 38]]})",
        i, i, 1 + i % 2));
  }
  return absl::StrCat("{\"categories\": [", first, ", ", second,
                      "],\n\"images\": [", absl::StrJoin(images, ",\n"),
                      "],\n\"annotations\": [",
                      absl::StrJoin(annotations, ",\n"), "]}\n");
}

std::string DataFlags(const std::string& directory) {
  return absl::StrCat("--ann_file ", directory,
                      "/annotations.json --image_dir ", directory, "/images ");
}

void TinySetTest::SetUp() {
  const std::string name =
      ::testing::UnitTest::GetInstance()->current_test_info()->name();
  data_ = NewDirectory(absl::StrCat(name, "_data"));
  run_ = NewDirectory(absl::StrCat(name, "_run"));
  WriteTinySet(data_);
}

void ExpectSameRuns(const std::string& a, const std::string& b,
                    int iterations) {
  const auto first = ReadLog(a), second = ReadLog(b);
  ASSERT_EQ(static_cast<int>(first.size()), iterations);
  ASSERT_EQ(static_cast<int>(second.size()), iterations);
  for (int i = 0; i < iterations; ++i) {
    for (const auto& field : first[i].GetObject()) {
      const std::string name = field.name.GetString();
      if (name == "images_per_s" || name == "data_wait_s" ||
          name == "elapsed_s" || name == "peak_memory_mb") {
        continue;
      }
      EXPECT_EQ(field.value.GetDouble(), second[i][name.c_str()].GetDouble())
          << name << " of line " << i;
    }
  }
  EXPECT_EQ(ReadValidations(a).size(), ReadValidations(b).size());
  EXPECT_EQ(*ReadFile(a + "/model.safetensors"),
            *ReadFile(b + "/model.safetensors"));
}

std::vector<rapidjson::Document> ReadLog(const std::string& run) {
  return LinesWith("loss", run);
}

std::vector<rapidjson::Document> ReadValidations(const std::string& run) {
  return LinesWith("validation_ap", run);
}

}  // namespace fcis::train
