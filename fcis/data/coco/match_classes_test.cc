#include "fcis/data/coco/match_classes.h"

#include <string>
#include <vector>

#include "fcis/core/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

using Names = std::vector<std::string>;

// Ids count from 1.
CocoDataset Set(const Names& names) {
  CocoDataset dataset;
  dataset.path = "a.json";
  for (const std::string& name : names) {
    CocoCategory category;
    category.id = RecordId(static_cast<int64_t>(dataset.categories.size()) + 1);
    category.name = name;
    dataset.categories.push_back(category);
  }
  return dataset;
}

// The category ids; "": none.
std::vector<std::string> Ids(const Names& classes, const CocoDataset& dataset,
                             const ClassMap& map = {}) {
  const auto match = MatchClasses(classes, dataset, map);
  EXPECT_TRUE(match.ok()) << match.status();
  std::vector<std::string> ids;
  if (!match.ok()) return ids;
  for (const auto& id : match->categories) {
    ids.push_back(id ? id->ToString() : "");
  }
  return ids;
}

std::string Error(const Names& classes, const CocoDataset& dataset,
                  const ClassMap& map = {}) {
  return std::string(MatchClasses(classes, dataset, map).status().message());
}

TEST(MatchClassesTest, AllFitInOneLine) {
  const auto match = MatchClasses({"dog", "cat"}, Set({"cat", "dog"}));
  ASSERT_TRUE(match.ok());
  EXPECT_EQ(Describe(*match), "2 classes in common");
  EXPECT_THAT(Ids({"dog", "cat"}, Set({"cat", "dog"})), ElementsAre("2", "1"));
}

// Bug case 65: "triangle" has the id that the model gives to "ellipse".
TEST(BugCaseTest, Case65IdsDecideNothing) {
  const Names model = {"ellipse", "triangle", "ring"};
  const auto match = MatchClasses(model, Set({"triangle", "cloud"}));
  ASSERT_TRUE(match.ok()) << match.status();
  EXPECT_FALSE(match->categories[0]);
  EXPECT_EQ(*match->categories[1], RecordId(int64_t{1}));
  EXPECT_FALSE(match->categories[2]);
  EXPECT_EQ(match->in_common, 1);
  EXPECT_THAT(match->only_in_model, ElementsAre("ellipse", "ring"));
  EXPECT_THAT(match->only_in_set, ElementsAre("cloud"));
  EXPECT_EQ(Describe(*match),
            "1 class in common\n"
            "  only the model knows, left out: ellipse, ring\n"
            "  only a.json has, AP cannot be more than 0 here: cloud");
}

TEST(BugCaseTest, Case57NoClassInCommonShowsBoth) {
  const std::string error = Error({"ellipse", "ring"}, Set({"person"}));
  EXPECT_THAT(error, HasSubstr("no class in common"));
  EXPECT_THAT(error, HasSubstr("knows ellipse, ring."));
  EXPECT_THAT(error, HasSubstr("a.json has person."));
  EXPECT_THAT(Error({"ellipse"}, Set({})), HasSubstr("a.json has none."));
}

TEST(MatchClassesTest, SpellingsMeet) {
  EXPECT_THAT(Ids({"person", "tvmonitor", "aeroplane", "diningtable", "sofa"},
                  Set({"Couch ", "TV", "airplane", " Person", "dining_table"})),
              ElementsAre("4", "2", "3", "5", "1"));
  EXPECT_THAT(Ids({"traffic light", "potted plant", "motorcycle"},
                  Set({"motorbike", "Traffic-Light", "pottedplant"})),
              ElementsAre("2", "3", "1"));
  const auto match = MatchClasses({"tv"}, Set({"Television"}));
  ASSERT_TRUE(match.ok());
  EXPECT_THAT(match->renamed, ElementsAre(Pair("tv", "Television")));
  EXPECT_THAT(Describe(*match), HasSubstr("otherwise: tv as Television"));
  // Digits keep their separators, and an empty name is no spelling of another.
  EXPECT_THAT(Error({"1 1"}, Set({"11"})), HasSubstr("no class in common"));
  EXPECT_THAT(Error({""}, Set({"airplane"})), HasSubstr("no class in common"));
}

// Letters are classes, too.
TEST(MatchClassesTest, TheSameNameComesFirst) {
  EXPECT_THAT(Ids({"a", "A"}, Set({"A", "a"})), ElementsAre("2", "1"));
  EXPECT_THAT(Ids({"A", "a"}, Set({"a"})), ElementsAre("", "1"));
  EXPECT_THAT(Ids({"a"}, Set({"A", "a"})), ElementsAre("2"));
  EXPECT_THAT(Ids({"tv", "television"}, Set({"tv", "tvmonitor"})),
              ElementsAre("1", "2"));
}

TEST(MatchClassesTest, WhatCannotBeToldIsAnError) {
  EXPECT_THAT(Error({"tv"}, Set({"TV", "tvmonitor"})),
              HasSubstr("\"tv\" may be \"TV\" or \"tvmonitor\""));
  EXPECT_THAT(Error({"Tv", "tvmonitor"}, Set({"tv"})),
              HasSubstr("\"Tv\" and \"tvmonitor\" may both be \"tv\""));
  CocoDataset twins = Set({"cat", "dog", "cat"});
  EXPECT_THAT(Error({"dog"}, twins),
              HasSubstr("a.json: the categories 1 and 3 have one name, "
                        "\"cat\""));
  // The same record twice.
  twins.categories[2].id = RecordId(int64_t{1});
  EXPECT_THAT(Ids({"dog", "cat"}, twins), ElementsAre("2", "1"));
  twins.categories[1].id = RecordId(int64_t{1});
  EXPECT_THAT(
      std::string(MatchClasses({"dog", "cat"}, twins).status().message()),
      HasSubstr("a.json: category id 1 has two names, \"cat\" and \"dog\""));
}

TEST(MatchClassesTest, TheMapDecidesFirst) {
  const Names model = {"person", "car", "truck"};
  const auto match = MatchClasses(
      model, Set({"vehicle", "pedestrian", "car"}),
      {{"Person", "pedestrian"}, {"truck", "vehicle"}, {"car", "vehicle"}});
  ASSERT_TRUE(match.ok()) << match.status();
  EXPECT_EQ(*match->categories[0], RecordId(int64_t{2}));
  EXPECT_EQ(*match->categories[1], RecordId(int64_t{1}));
  EXPECT_EQ(*match->categories[2], RecordId(int64_t{1}));
  EXPECT_THAT(match->only_in_set, ElementsAre("car"));
  EXPECT_THAT(match->only_in_model, IsEmpty());
  // What the map gives away is not given again by name.
  EXPECT_THAT(Ids({"person", "rider"}, Set({"person"}), {{"rider", "person"}}),
              ElementsAre("", "1"));
}

TEST(MatchClassesTest, WrongMaps) {
  const CocoDataset set = Set({"pedestrian", "car"});
  const auto unknown =
      MatchClasses({"person"}, set, {{"persn", "pedestrian"}}).status();
  EXPECT_THAT(std::string(unknown.message()),
              HasSubstr("the model has no class \"persn\"; did you mean "
                        "person?"));
  EXPECT_EQ(ExitCode(unknown), kExitUsage);
  EXPECT_THAT(Error({"person"}, set, {{"person", "pedestrain"}}),
              HasSubstr("a.json has no class \"pedestrain\"; did you mean "
                        "pedestrian?"));
  EXPECT_THAT(Error({"person"}, set, {{"person", "car"}, {"person", "car"}}),
              HasSubstr("gives \"person\" two categories"));
}

TEST(ParseClassMapTest, PairsAndEscapes) {
  const auto map = ParseClassMap(" person : pedestrian,a\\,b:c\\:d ");
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_THAT(*map,
              ElementsAre(Pair("person", "pedestrian"), Pair("a,b", "c:d")));
  EXPECT_THAT(*ParseClassMap(" "), IsEmpty());
  for (const char* bad : {"person", "person:", ":a", "a:b:c", "a:b,"}) {
    const auto wrong = ParseClassMap(bad);
    EXPECT_EQ(ExitCode(wrong.status()), kExitUsage) << bad;
  }
}

}  // namespace
}  // namespace fcis::data
