#include "fcis/tools/class_filter.h"

#include "fcis/core/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ModelConfig Animals() {
  ModelConfig config;
  for (const char* name : {"cat", "polar bear", "dog"}) {
    config.add_classes()->set_name(name);
  }
  return config;
}

TEST(ClassFilterTest, NamesBecomeLabels) {
  const auto labels = ParseClasses("dog, Polar_Bear", Animals());
  ASSERT_TRUE(labels.ok()) << labels.status();
  EXPECT_THAT(*labels, ElementsAre(2, 3));
}

TEST(ClassFilterTest, NothingMeansEverything) {
  const auto labels = ParseClasses("", Animals());
  ASSERT_TRUE(labels.ok());
  EXPECT_THAT(*labels, ElementsAre(1, 2, 3));
}

TEST(ClassFilterTest, UnknownClassesAreUsageErrors) {
  const absl::Status status = ParseClasses("cat,dgo,bear,", Animals()).status();
  EXPECT_EQ(ExitCode(status), kExitUsage);
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("no class 'dgo'; did you mean dog?"));
  EXPECT_THAT(message, HasSubstr("no class 'bear'; did you mean polar bear?"));
  EXPECT_THAT(message, HasSubstr("no class ''"));
}

}  // namespace
}  // namespace fcis::tools
