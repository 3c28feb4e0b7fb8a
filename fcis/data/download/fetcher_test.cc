#include "fcis/data/download/fetcher.h"

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/data/download/test_archive.h"
#include "fcis/data/download/test_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

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

}  // namespace
}  // namespace fcis::data
