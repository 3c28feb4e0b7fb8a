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

TEST(ClassFilterTest, NamesMayHaveCommasAndDifferInCaseAlone) {
  ModelConfig config;
  for (const char* name : {"nut", "Nut", "nut, small, new", "bolt"}) {
    config.add_classes()->set_name(name);
  }
  EXPECT_THAT(*ParseClasses("Nut", config), ElementsAre(2));
  EXPECT_THAT(*ParseClasses("NUT", config), ElementsAre(1, 2));
  EXPECT_THAT(*ParseClasses("nut, small, new", config), ElementsAre(3));
  EXPECT_THAT(*ParseClasses("bolt,Nut, Small, new,nut", config),
              ElementsAre(1, 3, 4));
  EXPECT_THAT(ParseClasses("nut, small", config).status().message(),
              HasSubstr("no class ' small'"));
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
