// inspect and bench as one calls them first: no model is named, none is there.
// (The demo's and eval's own tests do the same with these.)
#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kStatement[] = "model: the embedded one (person, car, cat, dog)";

struct Outcome {
  int code = -1;
  std::string text;  // both streams
};

Outcome RunProgram(absl::string_view program, absl::string_view arguments) {
  const std::string home = ::testing::TempDir();
  setenv("HOME", home.c_str(), 1);
  const std::string log = absl::StrCat(home, "/log.txt");
  const int status =
      std::system(absl::StrCat("'", *FindRunfile(program), "' ", arguments,
                               " > '", log, "' 2>&1 < /dev/null")
                      .c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          ReadFile(log).value_or("")};
}

TEST(DefaultModelTest, Inspect) {
  const std::string picture = *FindRunfile("fcis/tools/images/cat.jpg");
  const std::string out = absl::StrCat(::testing::TempDir(), "/stages.npz");
  const Outcome outcome = RunProgram(
      "fcis/tools/inspect_main",
      absl::StrCat("--nodownload --image '", picture, "' --out ", out));
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  // 451x300 at the model's input size.
  EXPECT_THAT(outcome.text, AllOf(HasSubstr(kStatement), HasSubstr("3x510x768"),
                                  HasSubstr("arrays")));
  const Outcome both =
      RunProgram("fcis/tools/inspect_main", "-m a.npz --preset parity_mini");
  EXPECT_EQ(both.code, 2) << both.text;
}

TEST(DefaultModelTest, Bench) {
  const Outcome outcome =
      RunProgram("fcis/tools/bench_main", "--nodownload --repeats 1");
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_THAT(outcome.text,
              AllOf(HasSubstr(kStatement), HasSubstr("\"preset\": \"photos\""),
                    HasSubstr("\"height\": 576")));
  const Outcome both =
      RunProgram("fcis/tools/bench_main", "-m a.npz --preset parity_mini");
  EXPECT_EQ(both.code, 2) << both.text;
  EXPECT_EQ(RunProgram("fcis/tools/bench_main", "--height 3").code, 2);
  EXPECT_EQ(RunProgram("fcis/tools/bench_main", "--out a").code, 2);
  const Outcome sizes = RunProgram("fcis/tools/bench_main",
                                   "--height 64 --width 64 --min_size 32");
  EXPECT_EQ(sizes.code, 2) << sizes.text;
  EXPECT_THAT(sizes.text, HasSubstr("--min_size"));
}

// All code that chooses instructions for convolutions asks oneDNN.
TEST(DefaultModelTest, BenchDoesWithoutNewerInstructions) {
  const std::string size = "--preset parity_mini --height 64 --width 64 ";
  setenv("ONEDNN_MAX_CPU_ISA", "AVX2", 1);
  const Outcome f32 = RunProgram("fcis/tools/bench_main",
                                 size + "--precision f32 --conv winograd");
  const Outcome bf16 =
      RunProgram("fcis/tools/bench_main", size + "--precision bf16");
  const Outcome int8 =
      RunProgram("fcis/tools/bench_main", size + "--precision int8");
  unsetenv("ONEDNN_MAX_CPU_ISA");
  EXPECT_EQ(f32.code, 0) << f32.text;
  EXPECT_EQ(bf16.code, 1);
  EXPECT_THAT(bf16.text, HasSubstr("needs AVX-512"));
  EXPECT_EQ(int8.code, 1);
  EXPECT_THAT(int8.text, HasSubstr("needs AVX512_VNNI"));
}

TEST(DefaultModelTest, BenchProfiles) {
  const std::string out = ::testing::TempDir() + "/profile";
  const Outcome outcome =
      RunProgram("fcis/tools/bench_main",
                 absl::StrCat("--preset parity_mini --height 64 --width 96 "
                              "--repeats 1 --profile --out ",
                              out));
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_THAT(outcome.text, AllOf(HasSubstr("measured peaks:"),
                                  HasSubstr("extractor/res2/res2_a/conv1 ")));
  EXPECT_THAT(*ReadFile(out + "/profile.json"), HasSubstr("\"layers\": ["));
  EXPECT_THAT(*ReadFile(out + "/roofline.svg"), HasSubstr("</svg>"));
}

}  // namespace
}  // namespace fcis::tools
