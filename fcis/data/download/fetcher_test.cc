#include "fcis/data/download/fetcher.h"

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/data/coco/split_dataset.h"
#include "fcis/data/download/test_archive.h"
#include "fcis/data/download/test_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

namespace fs = std::filesystem;

class FetcherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "/fetched";
    fs::remove_all(directory_);
    npz_ = MakeArchive({{"a.npy", "weights"}}, true);
    zip_ = MakeArchive({{"train/1.jpg", "one"}, {"train/2.jpg", "two"}}, true);
    Serve("/model.npz", &npz_);
    Serve("/train.zip", &zip_);
    server_.Start();
    model_ = Item("model", "model.npz", DownloadItem::NPZ);
    pictures_ = Item("pictures", "train.zip", DownloadItem::ZIP);
    UnpackRule* rule = pictures_.add_unpack();
    rule->set_suffix(".jpg");
    rule->set_directory("images");
    options_.say = [this](absl::string_view line) {
      said_.push_back(std::string(line));
    };
  }

  void Serve(const std::string& route, const std::string* bytes) {
    server_.server.Get(route, [this, bytes](const httplib::Request&,
                                            httplib::Response& response) {
      ++requests_;
      response.set_content(*bytes, "application/octet-stream");
    });
  }

  DownloadItem Item(const std::string& name, const std::string& file,
                    DownloadItem::Format format) {
    DownloadItem item;
    item.set_name(name);
    item.set_file(file);
    item.set_format(format);
    DownloadSource* source = item.add_source();
    source->set_url(server_.Url("/" + file));
    source->set_allow_http(true);
    return item;
  }

  absl::Status Fetch(const DownloadItem& item) {
    return Fetcher(directory_, options_).Fetch(item).status();
  }
  std::string Read(const std::string& name) {
    return ReadFile(directory_ + "/" + name).value_or("<missing>");
  }
  void Write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(WriteFileAtomic(directory_ + "/" + name, bytes).ok());
  }
  std::vector<std::string> Files() {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(directory_)) {
      if (!entry.is_directory()) {
        files.push_back(fs::relative(entry.path(), directory_).string());
      }
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  std::string directory_, npz_, zip_;
  DownloadItem model_, pictures_;
  DownloadOptions options_;
  std::vector<std::string> said_;
  std::atomic<int> requests_{0};
  TestServer server_;
};

TEST_F(FetcherTest, OnceAndThenFromTheDisk) {
  EXPECT_EQ(Fetch(model_), absl::OkStatus());
  EXPECT_EQ(Fetch(model_), absl::OkStatus());
  EXPECT_EQ(requests_, 1);
  EXPECT_EQ(Read("model.npz"), npz_);
  EXPECT_THAT(Files(),
              ElementsAre("model.npz", "model.npz.lock", "model.npz.sha256"));
}

TEST_F(FetcherTest, AFileThatChangedIsSetAsideAndFetchedAgain) {
  ASSERT_TRUE(Fetch(model_).ok());
  Write("model.npz", "rotten");
  EXPECT_EQ(Fetch(model_), absl::OkStatus());
  EXPECT_EQ(Read("model.npz"), npz_);
  EXPECT_EQ(Read("model.npz.mismatch"), "rotten");
  EXPECT_THAT(said_, ElementsAre(HasSubstr("model.npz.mismatch")));
}

TEST_F(FetcherTest, AnotherFileThanThePinnedIsRefused) {
  ASSERT_TRUE(Fetch(model_).ok());
  fs::remove(directory_ + "/model.npz");
  npz_ = MakeArchive({{"a.npy", "others"}}, true);
  EXPECT_THAT(Fetch(model_).ToString(), HasSubstr("model.npz.sha256"));
  EXPECT_THAT(Files(), ElementsAre("model.npz.lock", "model.npz.sha256"));
}

TEST_F(FetcherTest, AFilePutThereByHandIsTaken) {
  fs::create_directories(directory_);
  Write("model.npz", npz_);
  model_.clear_source();
  model_.set_note("by hand");
  EXPECT_EQ(Fetch(model_), absl::OkStatus());
  EXPECT_EQ(requests_, 0);
}

TEST_F(FetcherTest, ArchivesAreUnpackedAndRemoved) {
  EXPECT_EQ(Fetch(pictures_), absl::OkStatus());
  EXPECT_THAT(Files(),
              ElementsAre("images/1.jpg", "images/2.jpg", "train.zip.lock",
                          "train.zip.sha256", "train.zip.unpacked"));
  EXPECT_EQ(Read("images/2.jpg"), "two");
  EXPECT_EQ(Fetch(pictures_), absl::OkStatus());
  EXPECT_EQ(requests_, 1);
}

TEST_F(FetcherTest, MissingAndChangedFilesOfADataSetComeAgain) {
  ASSERT_TRUE(Fetch(pictures_).ok());
  fs::remove(directory_ + "/images/1.jpg");
  Write("images/2.jpg", "changed");
  said_.clear();
  EXPECT_EQ(Fetch(pictures_), absl::OkStatus());
  EXPECT_EQ(requests_, 2);
  EXPECT_EQ(Read("images/1.jpg"), "one");
  EXPECT_EQ(Read("images/2.jpg"), "two");
  EXPECT_EQ(Read("images/2.jpg.mismatch"), "changed");
  EXPECT_THAT(said_[0], HasSubstr("images/1.jpg is missing"));
}

TEST_F(FetcherTest, AnArchiveThatIsThereIsNotFetched) {
  // As a run leaves it that was killed while it unpacked.
  fs::create_directories(directory_ + "/images");
  Write("train.zip", zip_);
  Write("images/1.jpg.part", "o");
  EXPECT_EQ(Fetch(pictures_), absl::OkStatus());
  EXPECT_EQ(requests_, 0);
  EXPECT_EQ(Read("images/1.jpg"), "one");
}

TEST_F(FetcherTest, TooLargeForTheDisk) {
  model_.set_size(int64_t{1} << 60);
  EXPECT_EQ(Fetch(model_).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(requests_, 0);
}

TEST_F(FetcherTest, ManyAtOnceFetchOnce) {
  options_.say = nullptr;
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { good += Fetch(model_).ok() ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 8);
  EXPECT_EQ(requests_, 1);
}

TEST_F(FetcherTest, APlanWritesNothing) {
  const Fetcher fetcher(directory_, options_);
  EXPECT_THAT(fetcher.Plan(model_),
              AllOf(HasSubstr("of unknown size"), HasSubstr("/model.npz to ")));
  EXPECT_THAT(fetcher.Plan(pictures_), HasSubstr("unpacked to"));
  EXPECT_FALSE(fs::exists(directory_));
  ASSERT_TRUE(Fetch(model_).ok());
  EXPECT_THAT(fetcher.Plan(model_), HasSubstr("there already"));
}

TEST_F(FetcherTest, UnwritableDirectoryIsNamed) {
  EXPECT_THAT(Fetcher("/proc/no", options_).Fetch(model_).status().ToString(),
              HasSubstr("/proc/no"));
}

namespace fs = std::filesystem;

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
    Fetcher fetcher(directory_, options_);
    return FetchItems(
        manifest_, items, &fetcher,
        [this](const std::string& path) { done_.push_back(path); });
  }

  const std::string directory_ = ::testing::TempDir() + "/items";
  const std::string own_ = ::testing::TempDir() + "/own";
  DownloadManifest manifest_;
  DownloadOptions options_;
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
    options_.split_minival = SplitMinival2014;
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

TEST_F(SplitTest, ProgramOfModelsOnlyMakesNoDataSets) {
  options_.split_minival = nullptr;
  EXPECT_THAT(Fetch({minival_}).ToString(), HasSubstr("/no/such"));
  EXPECT_EQ(Read("minival.json"), "<missing>");
  EXPECT_THAT(Fetcher(directory_, options_).Plan(minival_),
              Not(HasSubstr("split off")));
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
