#include "fcis/data/download/manifest.h"

#include "fcis/core/cli/exit_code.h"
#include "fcis/data/coco/splits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Names(const std::vector<DownloadItem>& items) {
  std::vector<std::string> names;
  for (const DownloadItem& item : items) names.push_back(item.name());
  return names;
}

TEST(ManifestTest, NamesWhatTheProgramsNeed) {
  const DownloadManifest& manifest = BuiltinManifest();
  EXPECT_EQ(FirstItem(DownloadManifest(), DownloadItem::MODEL), nullptr);
  ASSERT_NE(FirstItem(manifest, DownloadItem::MODEL), nullptr);
  EXPECT_EQ(FirstItem(manifest, DownloadItem::MODEL)->file(),
            "fcis_resnet101_coco_trained_2019_01_30.npz");
  ASSERT_NE(FindItem(manifest, "fcis_coco.npz"), nullptr);
  EXPECT_EQ(FindItem(manifest, "fcis_coco.npz")->md5(),
            "fa44b5e3382cdf91c3b6d79a9dbe8725");
  EXPECT_NE(FindItem(manifest, "resnet101_imagenet"), nullptr);
  EXPECT_NE(FindItem(manifest, "resnet50_imagenet"), nullptr);
  EXPECT_EQ(FindItem(manifest, "nothing"), nullptr);
  // Plain http is for what a hash protects.
  for (const DownloadItem& item : manifest.item()) {
    for (const DownloadSource& source : item.source()) {
      EXPECT_TRUE(!source.allow_http() || !item.sha256().empty())
          << item.name();
    }
    EXPECT_FALSE(item.licence().empty()) << item.name();
  }
}

TEST(ManifestTest, GroupsAreWhatTheSeedCallsThem) {
  const auto select = [](const std::vector<std::string>& names) {
    return SelectItems(BuiltinManifest(), DownloadItem::DATASET, names);
  };
  EXPECT_THAT(Names(*select({"val", "minival2014"})),
              ElementsAre("val2014_images", "annotations_trainval2014",
                          "annotations_minival2014"));
  EXPECT_THAT(Names(*select({"train2014"})),
              ElementsAre("train2014_images", "annotations_trainval2014"));
  EXPECT_EQ(select({"all"})->size(), 8u);
  // What programs tell their user to fetch.
  EXPECT_TRUE(select(CocoSplitNames()).ok());
  EXPECT_TRUE(select({})->empty());
}

TEST(ManifestTest, UnknownNamesAreUsageErrors) {
  const auto typo =
      SelectItems(BuiltinManifest(), DownloadItem::MODEL, {"fcis_cocoo"});
  EXPECT_EQ(ExitCode(typo.status()), kExitUsage);
  EXPECT_THAT(typo.status().ToString(), HasSubstr("fcis_coco"));
  // A data set is no model.
  EXPECT_FALSE(
      SelectItems(BuiltinManifest(), DownloadItem::MODEL, {"train2014"}).ok());
}

std::string ErrorOf(const std::string& text) {
  return std::string(ParseManifest(text, "list").status().message());
}

TEST(ManifestTest, BadManifestsAreNamed) {
  const std::string head = "item { name: 'a' file: 'a.npz' note: 'x' ";
  EXPECT_EQ(ErrorOf(head + "}"), "");
  EXPECT_THAT(ErrorOf("item { nam: 'a' }"), HasSubstr("list:1:"));
  EXPECT_THAT(ErrorOf(head + "md5: 'ABC' }"), HasSubstr("'a': md5"));
  EXPECT_THAT(ErrorOf(head + "sha256: '12' }"), HasSubstr("sha256"));
  EXPECT_THAT(ErrorOf(head + "size: -1 }"), HasSubstr("size"));
  EXPECT_THAT(ErrorOf(head + "source { url: 'http://a/b' } }"),
              HasSubstr("allow_http"));
  EXPECT_THAT(ErrorOf(head + "source { url: 'file:///a' } }"),
              HasSubstr("not an address"));
  EXPECT_THAT(ErrorOf(head + "unpack { directory: 'a/../b' } }"),
              HasSubstr("not a directory"));
  EXPECT_THAT(ErrorOf(head + "unpack { directory: '/a' } }"),
              HasSubstr("not a directory"));
  EXPECT_THAT(ErrorOf("item { name: 'a' file: '../a' note: 'x' }"),
              HasSubstr("plain name"));
  EXPECT_THAT(ErrorOf("item { name: 'a' file: 'a' }"), HasSubstr("note"));
  EXPECT_THAT(ErrorOf(head + "} " + head + "}"), HasSubstr("there once"));
  EXPECT_THAT(ErrorOf(head + "else_split { } }"), HasSubstr("is unpacked"));
  EXPECT_THAT(ErrorOf(head + "unpack { directory: 'a' } "
                             "else_split { val2014_file: '../a' } }"),
              HasSubstr("not a file below"));
  EXPECT_THAT(ErrorOf(head + "unpack { directory: 'a' } "
                             "else_split { val2014_file: 'a' val2017_file: 'b' "
                             "minival_file: 'c' rest_file: 'd' "
                             "val2014_item: 'b' } }"),
              HasSubstr("no item is called b"));
  EXPECT_THAT(ErrorOf(head + "} item { name: 'b' file: 'a.npz' note: 'x' }"),
              HasSubstr("'b': a.npz is there twice"));
  EXPECT_THAT(ErrorOf(head + "} group { name: 'a' }"), HasSubstr("there once"));
  EXPECT_THAT(ErrorOf("group { name: 'g' item: 'b' }"),
              HasSubstr("no item is called b"));
}

}  // namespace
}  // namespace fcis::data
