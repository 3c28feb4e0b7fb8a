#include "fcis/data/coco/hold_out.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<PictureClasses> Pictures(int count, int first = 0) {
  std::vector<PictureClasses> pictures;
  for (int i = first; i < first + count; ++i) {
    pictures.push_back({absl::StrCat("p", i, ".jpg"), {0}});
  }
  return pictures;
}

size_t CountOf(int pictures, double share) {
  return ChooseHeldOut(Pictures(pictures), share).size();
}

TEST(ChooseHeldOutTest, ItsBounds) {
  EXPECT_EQ(CountOf(60, 0.15), 9u);
  EXPECT_EQ(CountOf(100, 0.15), 15u);
  EXPECT_EQ(CountOf(60, 0), 0u);
  EXPECT_EQ(CountOf(0, 0.5), 0u);
  EXPECT_EQ(CountOf(7, 0.5), 0u);
  EXPECT_EQ(CountOf(8, 0.01), 1u);
  EXPECT_EQ(CountOf(11, 0.15), 2u);
  EXPECT_EQ(CountOf(12, 0.01), 4u);
  EXPECT_EQ(CountOf(5000, 0.15), 200u);
}

TEST(ChooseHeldOutTest, OtherPicturesChangeLittle) {
  const auto names = [](const std::vector<PictureClasses>& pictures) {
    std::set<std::string> names;
    for (const int i : ChooseHeldOut(pictures, 0.2)) {
      names.insert(pictures[static_cast<size_t>(i)].file_name);
    }
    return names;
  };
  const std::set<std::string> before = names(Pictures(100));
  ASSERT_EQ(before.size(), 20u);
  // In another order the same.
  std::vector<PictureClasses> reversed = Pictures(100);
  std::reverse(reversed.begin(), reversed.end());
  EXPECT_EQ(names(reversed), before);
  // All that a larger set holds out of the old pictures was held out before.
  std::vector<PictureClasses> more = Pictures(110);
  std::vector<std::string> both;
  const std::set<std::string> after = names(more);
  std::set_intersection(before.begin(), before.end(), after.begin(),
                        after.end(), std::back_inserter(both));
  EXPECT_GE(both.size(), 16u);
  // Nor are they the first ones, or a neighbourhood.
  const std::vector<int> chosen = ChooseHeldOut(Pictures(100), 0.2);
  EXPECT_LT(chosen.front(), 25);
  EXPECT_GT(chosen.back(), 75);
}

TEST(ChooseHeldOutTest, EachClassKeepsAPictureInTraining) {
  std::vector<PictureClasses> pictures = Pictures(40);
  for (int i = 0; i < 40; ++i) pictures[i].classes = {i / 2};
  const std::vector<int> chosen = ChooseHeldOut(pictures, 0.5);
  EXPECT_EQ(chosen.size(), 20u);
  std::set<int> classes;
  for (const int i : chosen) classes.insert(i / 2);
  EXPECT_EQ(classes.size(), chosen.size());
  // The only one of its class trains.
  for (int i = 0; i < 40; ++i) pictures[i].classes = {i};
  EXPECT_THAT(ChooseHeldOut(pictures, 0.5), IsEmpty());
}

TEST(ChooseHeldOutTest, EmptyPicturesTrainAndOneFileStaysTogether) {
  std::vector<PictureClasses> pictures = Pictures(20);
  for (int i = 10; i < 20; ++i) pictures[i].classes.clear();
  const std::vector<int> chosen = ChooseHeldOut(pictures, 0.5);
  EXPECT_EQ(chosen.size(), 5u);
  EXPECT_LT(chosen.back(), 10);
  std::vector<PictureClasses> twice = Pictures(10);
  for (const PictureClasses& picture : Pictures(10)) twice.push_back(picture);
  for (const int i : ChooseHeldOut(twice, 0.2)) {
    const std::vector<int> all = ChooseHeldOut(twice, 0.2);
    EXPECT_EQ(std::count(all.begin(), all.end(), (i + 10) % 20), 1);
  }
  EXPECT_EQ(ChooseHeldOut(twice, 0.2).size(), 4u);
}

// Ten pictures of the class, and one that none of its records describes well.
std::string Annotations() {
  std::string images, annotations;
  for (int i = 0; i < 10; ++i) {
    absl::StrAppend(&images, "{\"id\": \"", i, "\", \"file_name\": \"", i,
                    ".jpg\", \"my own\": [1.50, ", i, "]},");
    absl::StrAppend(&annotations, "{\"id\": ", i, ", \"image_id\": \"", i,
                    "\", \"category_id\": 3, \"segmentation\": [[]]},");
  }
  return absl::StrCat("{\"images\": [", images,
                      "{\"id\": null}], \"annotations\": [", annotations,
                      "{}], \"categories\": [{\"id\": 3}]}");
}

TEST(HoldOutTest, RecordsStayAsTheyWere) {
  const std::string path = ::testing::TempDir() + "/all.json";
  ASSERT_TRUE(WriteFileAtomic(path, Annotations()).ok());
  const auto held = HoldOut(path, 0.1);
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(held->pictures, 10);
  EXPECT_EQ(held->with_objects, 10);
  EXPECT_EQ(held->held_out, 1);
  std::string chosen;
  for (int i = 0; i < 10; ++i) {
    const std::string image =
        absl::StrCat("{\"id\": \"", i, "\", \"file_name\": \"", i,
                     ".jpg\", \"my own\": [1.50, ", i, "]}");
    const std::string annotation =
        absl::StrCat("{\"id\": ", i, ", \"image_id\": \"", i,
                     "\", \"category_id\": 3, \"segmentation\": [[]]}");
    const bool validates = held->validation.find(image) != std::string::npos;
    if (validates) {
      EXPECT_EQ(held->validation,
                absl::StrCat("{\"images\":[", image, "],\"annotations\":[",
                             annotation, "],\"categories\":[{\"id\": 3}]}"));
      absl::StrAppend(&chosen, i);
    } else {
      EXPECT_THAT(held->train, HasSubstr(image));
      EXPECT_THAT(held->train, HasSubstr(annotation));
    }
  }
  EXPECT_EQ(chosen.size(), 1u);
  EXPECT_THAT(held->train, HasSubstr("{\"id\": null}]"));
  EXPECT_THAT(held->train, HasSubstr(",{}]"));
}

TEST(HoldOutTest, FilesThatAreNoneAreNamed) {
  const std::string path = ::testing::TempDir() + "/bad.json";
  ASSERT_TRUE(WriteFileAtomic(path, "{\"images\": [").ok());
  EXPECT_THAT(HoldOut(path, 0.1).status().ToString(), HasSubstr(path));
  EXPECT_THAT(HoldOut(path + "x", 0.1).status().ToString(),
              HasSubstr("bad.jsonx"));
  ASSERT_TRUE(WriteFileAtomic(path, "{\"images\": []}").ok());
  const auto none = HoldOut(path, 0.1);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->held_out, 0);
}

// Of 40 pictures one in twenty has the rare class, and each of those something
// common.
TEST(ChooseHeldOutTest, EveryClassOfTwoPicturesValidatesWhereThatIsAskedFor) {
  std::vector<PictureClasses> pictures;
  for (int i = 0; i < 40; ++i) {
    pictures.push_back({std::to_string(i), {0}});
    if (i % 20 == 3) pictures.back().classes.push_back(1);
    if (i == 9) pictures.back().classes.push_back(2);
  }
  for (uint64_t seed = 1; seed < 20; ++seed) {
    std::vector<int> validating(3, 0), training(3, 0);
    const std::vector<int> chosen =
        ChooseHeldOut(pictures, .1, seed, /*every_class=*/true);
    for (int i = 0; i < 40; ++i) {
      const bool validates =
          std::find(chosen.begin(), chosen.end(), i) != chosen.end();
      for (const int c : pictures[i].classes) {
        ++(validates ? validating : training)[c];
      }
    }
    EXPECT_EQ(validating[1], 1) << seed;
    EXPECT_EQ(training[1], 1) << seed;
    EXPECT_EQ(training[2], 1) << seed;
  }
  EXPECT_NE(ChooseHeldOut(pictures, .1, 1), ChooseHeldOut(pictures, .1, 2));
  EXPECT_EQ(ChooseHeldOut(pictures, .1, 0), ChooseHeldOut(pictures, .1));
}

}  // namespace
}  // namespace fcis::data
