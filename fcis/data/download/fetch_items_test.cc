#include "fcis/data/download/fetch_items.h"

#include <filesystem>

#include "absl/strings/match.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
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
    return FetchItems(items, &fetcher, [this](const std::string& path) {
      done_.push_back(path);
    });
  }

  const std::string directory_ = ::testing::TempDir() + "/items";
  const std::string own_ = ::testing::TempDir() + "/own";
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

}  // namespace
}  // namespace fcis
