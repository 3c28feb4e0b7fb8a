#include "fcis/data/download/fetch_model.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/data/download/manifest.h"
#include "fcis/data/download/test_archive.h"
#include "fcis/data/download/test_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST(FetchModelTest, WhatIsThereNeedsNoNetwork) {
  const std::string directory = ::testing::TempDir() + "/models";
  fs::create_directories(directory);
  const DownloadItem& item = *FirstItem(BuiltinManifest(), DownloadItem::MODEL);
  const std::string path = directory + "/" + item.file();
  ASSERT_TRUE(WriteFileAtomic(path, MakeArchive({{"a.npy", "x"}}, true)).ok());
  for (const std::string& name : {item.name(), item.file()}) {
    const auto found = FetchModel(name, directory);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(*found, path);
  }
}

TEST(FetchModelTest, UnknownNames) {
  for (const char* name : {"no_such_model", "train2014_images", ""}) {
    const absl::Status status = FetchModel(name, "/proc/no").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  }
}

TEST(FetchModelTest, WithoutASourceItSaysWhereToGet) {
  EXPECT_THAT(
      FetchModel("fcis_coco_ohem", ::testing::TempDir()).status().ToString(),
      ::testing::HasSubstr("github.com/msracver/FCIS"));
}

TEST(DefaultModels, AreThePublishedCocoModelsThatCanBeFetched) {
  std::vector<std::string> names;
  for (const DownloadItem& item : BuiltinManifest().item()) {
    if (!item.default_choice()) continue;
    EXPECT_EQ(item.kind(), DownloadItem::MODEL);
    EXPECT_FALSE(item.source().empty());
    names.push_back(item.name());
  }
  EXPECT_THAT(names, ElementsAre("fcis_resnet101_coco_trained",
                                 "fcis_resnet101_coco_converted", "fcis_coco"));
}

class FetchDefaultModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        (fs::path(::testing::TempDir()) /
         ::testing::UnitTest::GetInstance()->current_test_info()->name())
            .string();
    fs::remove_all(directory_);
    options_.first_wait = absl::Milliseconds(10);
    options_.longest_wait = absl::Seconds(1);
    options_.connect_timeout = absl::Seconds(2);
    options_.low_speed_time = absl::Seconds(1);
    options_.tries = 2;
    options_.say = [this](absl::string_view line) { said_.emplace_back(line); };
    server_.server.Get("/good", [this](const auto&, auto& response) {
      ++asked_;
      response.set_content(good_, "application/octet-stream");
    });
    server_.server.Get("/not_a_model", [](const auto&, auto& response) {
      response.set_content(MakeArchive({{"b.npy", "other"}}, true),
                           "application/octet-stream");
    });
    server_.server.Get("/login", [](const auto&, auto& response) {
      response.set_content("<html><title>Sign in</title></html>", "text/html");
    });
    server_.server.Get("/quota", [](const auto&, auto& response) {
      response.set_content(
          "<html><title>Google Drive - Quota exceeded</title></html>",
          "text/html");
    });
    server_.Start();
  }

  DownloadItem* Add(const std::string& name, const std::string& url) {
    DownloadItem* item = manifest_.add_item();
    item->set_name(name);
    item->set_file(name + ".npz");
    item->set_format(DownloadItem::NPZ);
    item->set_default_choice(true);
    DownloadSource* source = item->add_source();
    source->set_url(absl::StartsWith(url, "/") ? server_.Url(url) : url);
    source->set_allow_http(true);
    return item;
  }

  absl::StatusOr<std::string> Fetch() {
    return FetchDefaultModel(
        manifest_, directory_, options_,
        [this](const std::string& path) -> absl::Status {
          RETURN_IF_ERROR(opens_);
          if (ReadFile(path).value_or("") == good_) return absl::OkStatus();
          return absl::InvalidArgumentError(path + ": no FCIS model");
        });
  }

  // The second model is taken, and the one line that is said is about the
  // first.
  void ExpectSecond(const ::testing::Matcher<std::string>& line) {
    Add("second", "/good");
    const auto got = Fetch();
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(*got, Path("second.npz"));
    EXPECT_EQ(ReadFile(*got).value_or(""), good_);
    ASSERT_THAT(said_, ElementsAre(AllOf(line, HasSubstr("(first)"),
                                         Not(HasSubstr("\n")))));
    EXPECT_FALSE(fs::exists(Path("first.npz")));
    EXPECT_FALSE(fs::exists(Path("first.npz.sha256")));
    EXPECT_FALSE(fs::exists(Path("default_model.failed")));
  }

  std::string Path(const std::string& name) const {
    return absl::StrCat(directory_, "/", name);
  }

  const std::string good_ = MakeArchive({{"a.npy", "x"}}, true);
  std::string directory_;
  DownloadManifest manifest_;
  DownloadOptions options_;
  std::vector<std::string> said_;
  int asked_ = 0;
  absl::Status opens_;  // not OK: why no file can be opened
  TestServer server_;
};

TEST_F(FetchDefaultModelTest, TheFirstIsTakenWithoutAWord) {
  Add("first", "/good");
  Add("second", "/good");
  const auto got = Fetch();
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(*got, Path("first.npz"));
  EXPECT_THAT(said_, IsEmpty());
  EXPECT_EQ(asked_, 1);
}

TEST_F(FetchDefaultModelTest, OtherModelsDoNotCount) {
  Add("backbone", "/good")->set_default_choice(false);
  Add("second", "/good");
  EXPECT_EQ(Fetch().value_or(""), Path("second.npz"));
}

TEST_F(FetchDefaultModelTest, DeadDns) {
  Add("first", "http://one.invalid/a");
  ExpectSecond(StartsWith("  one.invalid: "));
}

TEST_F(FetchDefaultModelTest, NotFound) {
  Add("first", "/gone");
  ExpectSecond(AllOf(StartsWith("  127.0.0.1: "), HasSubstr("404")));
}

TEST_F(FetchDefaultModelTest, LoginPage) {
  Add("first", "/login");
  ExpectSecond(AllOf(StartsWith("  127.0.0.1: "), HasSubstr("'Sign in'")));
}

TEST_F(FetchDefaultModelTest, QuotaPage) {
  Add("first", "/quota");
  ExpectSecond(AllOf(StartsWith("  127.0.0.1: "), HasSubstr("quota")));
}

TEST_F(FetchDefaultModelTest, WrongHash) {
  Add("first", "/good")->set_md5("00000000000000000000000000000000");
  ExpectSecond(AllOf(StartsWith("  127.0.0.1: "), HasSubstr("MD5")));
}

TEST_F(FetchDefaultModelTest, NoServerAtThatPort) {
  Add("first", "http://127.0.0.2:1/a");
  ExpectSecond(StartsWith("  127.0.0.2: "));
}

// It is kept aside, and not fetched again before somebody removes it.
TEST_F(FetchDefaultModelTest, WhatDoesNotOpen) {
  Add("first", "/not_a_model");
  ExpectSecond(HasSubstr("first.npz: no FCIS model"));
  EXPECT_TRUE(fs::exists(Path("first.npz.unusable")));
  fs::remove(Path("second.npz"));
  said_.clear();
  ASSERT_TRUE(Fetch().ok());
  EXPECT_THAT(said_, ElementsAre(HasSubstr("first.npz.unusable: it could not "
                                           "be opened; remove it")));
}

// Nothing is wrong with the file.
TEST_F(FetchDefaultModelTest, WhatCannotBeOpenedNowStays) {
  Add("first", "/good");
  for (const absl::Status& error : {absl::ResourceExhaustedError("descriptors"),
                                    absl::UnknownError("input/output")}) {
    opens_ = error;
    EXPECT_EQ(Fetch().status(), error);
    EXPECT_TRUE(fs::exists(Path("first.npz")));
    EXPECT_FALSE(fs::exists(Path("first.npz.unusable")));
    EXPECT_FALSE(fs::exists(Path("default_model.failed")));
  }
  opens_ = absl::OkStatus();
  EXPECT_EQ(Fetch().value_or(""), Path("first.npz"));
  EXPECT_EQ(asked_, 1);
}

// The network may come at any time.
TEST_F(FetchDefaultModelTest, WithoutANetworkNoPauseFollows) {
  Add("first", "http://one.invalid/a");
  EXPECT_TRUE(absl::IsUnavailable(Fetch().status()));
  EXPECT_FALSE(fs::exists(Path("default_model.failed")));
  Add("second", "/good");
  EXPECT_EQ(Fetch().value_or(""), Path("second.npz"));
}

TEST_F(FetchDefaultModelTest, AllFailEachInALineAndAPauseFollows) {
  Add("first", "/login");
  Add("second", "/gone");
  Add("third", "http://one.invalid/a");
  const absl::Status status = Fetch().status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  const std::vector<std::string> lines = absl::StrSplit(status.message(), '\n');
  EXPECT_THAT(
      lines, ElementsAre("no published model could be fetched:",
                         AllOf(HasSubstr("127.0.0.1: "), HasSubstr("'Sign in'"),
                               HasSubstr("(first)")),
                         HasSubstr("404"), HasSubstr("one.invalid")));
  EXPECT_THAT(said_, IsEmpty());

  // One that could be had now is not asked for.
  Add("fourth", "/good");
  const absl::Status again = Fetch().status();
  EXPECT_THAT(again.ToString(),
              AllOf(HasSubstr("the next try is after 1h"),
                    HasSubstr("'Sign in'"), HasSubstr("(third)")));
  EXPECT_EQ(asked_, 0);
  const std::string record = Path("default_model.failed");
  fs::last_write_time(record, fs::file_time_type::clock::now() -
                                  absl::ToChronoSeconds(kDefaultModelPause));
  EXPECT_EQ(Fetch().value_or(""), Path("fourth.npz"));
  EXPECT_FALSE(fs::exists(record));
}

TEST_F(FetchDefaultModelTest, RemovingTheRecordEndsThePause) {
  Add("first", "/gone");
  EXPECT_FALSE(Fetch().ok());
  Add("second", "/good");
  EXPECT_FALSE(Fetch().ok());
  fs::remove(Path("default_model.failed"));
  EXPECT_TRUE(Fetch().ok());
}

TEST_F(FetchDefaultModelTest, ADirectoryThatCannotBeWrittenEndsItAtOnce) {
  Add("first", "/good");
  directory_ = "/proc/no";
  EXPECT_THAT(Fetch().status().ToString(), HasSubstr("/proc/no"));
  EXPECT_EQ(asked_, 0);
}

// What a start costs at worst where nobody asked for a download.
TEST(DefaultModelOptions, AreImpatient) {
  const DownloadOptions options = DefaultModelOptions();
  EXPECT_LE(options.unreachable_budget, absl::Seconds(15));
  EXPECT_LE(options.connect_timeout, absl::Seconds(5));
  EXPECT_LE(options.tries, 2);
  EXPECT_LE(options.low_speed_time, absl::Seconds(10));
  EXPECT_LE(options.longest_wait, absl::Seconds(3));
}

}  // namespace
}  // namespace fcis::data
