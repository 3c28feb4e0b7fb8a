#include "fcis/data/download/fetch_items.h"

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/data/download/test_archive.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

DownloadItem Item(const std::string& name, const std::string& url) {
  DownloadItem item;
  item.set_name(name);
  item.set_file(name);
  item.add_source()->set_url(url);
  return item;
}

class FetchItemsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
    ASSERT_TRUE(WriteFileAtomic(own_, "bytes").ok());
  }
  absl::Status Fetch(const std::vector<DownloadItem>& items) {
    Fetcher fetcher(directory_, {});
    return FetchItems(
        manifest_, items, &fetcher,
        [this](const std::string& path) { done_.push_back(path); });
  }

  const std::string directory_ = ::testing::TempDir() + "/items";
  const std::string own_ = ::testing::TempDir() + "/own";
  DownloadManifest manifest_;
  std::vector<std::string> done_;
};

TEST_F(FetchItemsTest, OneFailureDoesNotStopTheOthers) {
  const absl::Status status =
      Fetch({Item("a", "file:///no/such"), Item("b", "file://" + own_)});
  EXPECT_THAT(status.ToString(), HasSubstr("/no/such"));
  EXPECT_THAT(status.ToString(), Not(HasSubstr("no network")));
  EXPECT_THAT(done_, ElementsAre(directory_ + "/b"));
}

TEST_F(FetchItemsTest, WithoutANetworkOneLineAndNothingLeft) {
  const absl::Status status = Fetch({Item("a", "https://one.invalid/a"),
                                     Item("b", "https://two.invalid/b"),
                                     Item("c", "https://one.invalid/c")});
  EXPECT_EQ(status.message(),
            "no network: one.invalid, two.invalid cannot be reached; not "
            "fetched: a, b, c");
  for (const auto& entry : fs::directory_iterator(directory_)) {
    EXPECT_TRUE(absl::EndsWith(entry.path().string(), ".lock")) << entry;
  }
}

// COCO's two archives, and minival2014 that its own host does not deliver.
class SplitTest : public FetchItemsTest {
 protected:
  void SetUp() override {
    FetchItemsTest::SetUp();
    Add("old", "instances_val2014.json",
        R"({"images": [{"id": 1}, {"id": 2}], "annotations": []})");
    Add("new", "instances_val2017.json", R"({"images": [{"id": 2}]})");
    minival_ = Item("minival", "file:///no/such");
    minival_.add_unpack()->set_directory("annotations");
    MinivalSplit* split = minival_.mutable_else_split();
    split->set_val2014_item("old");
    split->set_val2014_file("annotations/instances_val2014.json");
    split->set_val2017_item("new");
    split->set_val2017_file("annotations/instances_val2017.json");
    split->set_minival_file("annotations/minival.json");
    split->set_rest_file("annotations/rest.json");
  }
  void Add(const std::string& name, const std::string& file,
           const std::string& text) {
    const std::string archive = ::testing::TempDir() + "/" + name + ".zip";
    ASSERT_TRUE(
        WriteFileAtomic(archive, MakeArchive({{file, text}}, true)).ok());
    DownloadItem* item = manifest_.add_item();
    *item = Item(name, "file://" + archive);
    UnpackRule* rule = item->add_unpack();
    rule->set_suffix(".json");
    rule->set_directory("annotations");
  }
  std::string Read(const std::string& name) const {
    return ReadFile(directory_ + "/annotations/" + name).value_or("<missing>");
  }

  DownloadItem minival_;
};

TEST_F(SplitTest, WhatNoSourceDeliversIsMadeOfOtherArchives) {
  const absl::Status status = Fetch({minival_});
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(done_, ElementsAre(directory_ + "/minival"));
  EXPECT_EQ(Read("minival.json"), R"({"images":[{"id": 2}],"annotations":[]})");
  EXPECT_EQ(Read("rest.json"), R"({"images":[{"id": 1}],"annotations":[]})");
  // From now on it is there, whatever becomes of the inputs.
  manifest_.Clear();
  fs::remove(directory_ + "/annotations/instances_val2014.json");
  EXPECT_TRUE(Fetch({minival_}).ok());
  // A part that is gone is made again, if it can be.
  fs::remove(directory_ + "/annotations/rest.json");
  EXPECT_THAT(Fetch({minival_}).ToString(), HasSubstr("no item is called old"));
}

TEST_F(SplitTest, InputsThatAreThereAreNotFetched) {
  fs::create_directories(directory_ + "/annotations");
  for (const char* year : {"2014", "2017"}) {
    ASSERT_TRUE(
        WriteFileAtomic(absl::StrCat(directory_, "/annotations/instances_val",
                                     year, ".json"),
                        R"({"images": [{"id": 5}], "annotations": []})")
            .ok());
  }
  manifest_.Clear();
  ASSERT_TRUE(Fetch({minival_}).ok());
  EXPECT_EQ(Read("minival.json"), R"({"images":[{"id": 5}],"annotations":[]})");
}

TEST_F(SplitTest, FailureOfTheInputsIsNamedToo) {
  manifest_.mutable_item(1)->mutable_source(0)->set_url("file:///nor/this");
  const std::string error = Fetch({minival_}).ToString();
  EXPECT_THAT(error, HasSubstr("/no/such"));
  EXPECT_THAT(error, HasSubstr("/nor/this"));
  EXPECT_EQ(Read("minival.json"), "<missing>");
}

TEST_F(SplitTest, WithoutANetworkStillOneLine) {
  minival_.mutable_source(0)->set_url("https://one.invalid/a");
  for (DownloadItem& item : *manifest_.mutable_item()) {
    item.mutable_source(0)->set_url("https://two.invalid/b");
  }
  EXPECT_EQ(Fetch({minival_}).message(),
            "no network: one.invalid, two.invalid cannot be reached; not "
            "fetched: minival");
}

}  // namespace
}  // namespace fcis::data
