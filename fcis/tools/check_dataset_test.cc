// The program as its user meets it.
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "fcis/data/synth/scene_dataset.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::HasSubstr;

class CheckDatasetMainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    SceneDatasetOptions options;
    options.images = 3;
    options.height = 64;
    options.width = 80;
    ASSERT_TRUE(WriteSceneDataset(root_, options, [](int64_t) {}).ok());
    const auto program = FindRunfile("fcis/tools/check_dataset");
    ASSERT_TRUE(program.ok()) << program.status();
    program_ = *program;
  }

  // The exit code; what the program prints goes to `out_`.
  int Run(const std::string& args) {
    const std::string out = absl::StrCat(root_, "/out.txt");
    const int status =
        std::system(absl::StrCat("cd '", root_, "' && '", program_, "' ", args,
                                 " > '", out, "' 2>&1")
                        .c_str());
    out_ = ReadFile(out).value_or("");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string root_, program_, out_;
};

constexpr char kData[] = "--ann_file annotations.json --image_dir images";

TEST_F(CheckDatasetMainTest, ACleanDataSet) {
  EXPECT_EQ(Run(absl::StrCat(kData, " --output_json report.json")), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("3 of 3 pictures and "));
  EXPECT_THAT(ReadFile(absl::StrCat(root_, "/report.json")).value_or(""),
              HasSubstr("\"used_pictures\": 3"));
}

TEST_F(CheckDatasetMainTest, AMissingPictureFailsTheVerification) {
  std::filesystem::remove(absl::StrCat(root_, "/images/000000000002.jpg"));
  EXPECT_EQ(Run(kData), 3) << out_;
  EXPECT_THAT(out_, HasSubstr("images/000000000002.jpg"));
}

TEST_F(CheckDatasetMainTest, Case63BadAnnotationsFailTheVerification) {
  const std::string path = absl::StrCat(root_, "/annotations.json");
  std::string text = *ReadFile(path);
  const std::string area = "\"area\":";
  text.insert(text.find(area) + area.size(), "null,\"a\":");
  text.insert(text.rfind("\"category_id\":") + 14, "[1],\"c\":");
  ASSERT_TRUE(WriteFileAtomic(path, text).ok());
  EXPECT_EQ(Run(absl::StrCat(kData, " --output_json report.json")), 3) << out_;
  EXPECT_THAT(out_, HasSubstr("(annotations[0]): \"area\": expected a number, "
                              "found null (an evaluation needs it)"));
  EXPECT_THAT(out_, HasSubstr("\"category_id\": expected an integer of 64 bits "
                              "or a string, found [1]"));
  EXPECT_THAT(out_, HasSubstr("2 bad annotations; --bad_annotations=skip"));
  EXPECT_THAT(ReadFile(absl::StrCat(root_, "/report.json")).value_or(""),
              HasSubstr("found [1]"));
  EXPECT_EQ(Run(absl::StrCat(kData, " --max_messages 1")), 3) << out_;
  EXPECT_THAT(out_, HasSubstr("... and 1 more"));
  EXPECT_EQ(Run(absl::StrCat(kData, " --bad_annotations skip")), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("2 bad annotations are left out"));
  EXPECT_EQ(Run(absl::StrCat(kData, " --bad_annotations leave")), 2) << out_;
  EXPECT_EQ(Run(absl::StrCat(kData, " --max_messages -1")), 2) << out_;
}

TEST_F(CheckDatasetMainTest, TwoCategoriesOfOneNameFailTheVerification) {
  const std::string path = absl::StrCat(root_, "/annotations.json");
  std::string text = *ReadFile(path);
  const std::string list = "\"categories\":[";
  text.insert(text.find(list) + list.size(),
              R"({"id":70,"name":"same"},{"id":71,"name":"same"},)");
  ASSERT_TRUE(WriteFileAtomic(path, text).ok());
  EXPECT_EQ(Run(absl::StrCat(kData, " --bad_annotations skip")), 3) << out_;
  EXPECT_THAT(out_, HasSubstr("category ids 70 and 71 have the same name"));
}

TEST_F(CheckDatasetMainTest, WrongUse) {
  EXPECT_EQ(Run("--ann_file annotations.json"), 2) << out_;
  EXPECT_EQ(Run(absl::StrCat(kData, " extra")), 2) << out_;
  EXPECT_EQ(Run(absl::StrCat(kData, " --min_size 0")), 2) << out_;
  EXPECT_EQ(Run("--ann_file nowhere.json --image_dir images"), 1) << out_;
  EXPECT_EQ(Run("--data_dir nowhere"), 1) << out_;
  EXPECT_THAT(out_, HasSubstr("bazel run //fcis/tools:download_main"));
}

}  // namespace
}  // namespace fcis
