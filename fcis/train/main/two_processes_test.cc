// The program in several processes, which share the work of one.
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/train/testing/train_program.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

// Of the backends that train those that the program can be told to take; what
// the others have in common with them is tested elsewhere.
std::vector<std::string> Devices() {
  std::vector<std::string> devices;
  for (const std::string& name : kernels::TrainBackendNames()) {
    if (name == "cpu" || name == "cuda") devices.push_back(name);
  }
  return devices;
}

class TwoProcessesTest : public ::testing::TestWithParam<std::string> {};

TEST_P(TwoProcessesTest, EqualOneThatAccumulates) {
  const std::string alone = NewDirectory("alone"), both = NewDirectory("both");
  const std::string flags = absl::StrCat("--max_iters 4 --threads 1 --device ",
                                         GetParam(), " --out ");
  const Outcome one =
      Train(absl::StrCat(TinyFlags("batch: 1 accumulate: 2"), flags, alone));
  ASSERT_EQ(one.code, 0) << one.output;
  const Outcome shared = Shell(Mpi(2, absl::StrCat(TinyFlags(), flags, both)));
  if (absl::StrContains(shared.output, " share ")) {
    GTEST_SKIP() << "one GPU, 2 needed";
  }
  ASSERT_EQ(shared.code, 0) << shared.output;
  const auto a = ReadLog(alone), b = ReadLog(both);
  ASSERT_EQ(a.size(), 4u);
  ASSERT_EQ(b.size(), 4u);
  for (size_t i = 0; i < a.size(); ++i) {
    // Two pictures' gradients are added in the other order: 2^-24 relative in
    // each weight, which a few steps of AdamW, which divides by the gradient's
    // own size, may raise by some thousand.
    EXPECT_NEAR(a[i]["loss"].GetDouble(), b[i]["loss"].GetDouble(),
                1e-3 * a[i]["loss"].GetDouble());
  }
  EXPECT_NEAR(a[0]["loss"].GetDouble(), b[0]["loss"].GetDouble(), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Devices, TwoProcessesTest,
                         ::testing::ValuesIn(Devices()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace fcis::train
