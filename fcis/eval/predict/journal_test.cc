#include "fcis/eval/predict/journal.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

data::RecordId Id(int64_t id) { return data::RecordId(id); }

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void Write(int writer, const data::RecordId& image,
             const std::string& results) {
    const auto journal =
        OpenJournal(root_.string(), writer, OriginJson(origin_));
    ASSERT_TRUE(journal.ok()) << journal.status();
    JournalPicture picture;
    picture.image = image;
    picture.file = "/a \"b\".png";
    picture.stamp = "1 \"2\"";
    picture.sha256 = "0a";
    picture.height = 3;
    picture.width = 4;
    picture.results = results;
    ASSERT_TRUE((*journal)->Append(PictureLine(picture)).ok());
  }
  std::string Results(const JournalReader& journal, const data::RecordId& id) {
    const JournalPicture* picture = journal.Find(id);
    return picture == nullptr ? "" : std::string(picture->results);
  }
  std::string File(int writer) const {
    return (root_ / ("journal." + std::to_string(writer) + ".jsonl")).string();
  }

  fs::path root_;
  Origin origin_;
};

TEST_F(JournalTest, AnEmptyDirectoryHasNothing) {
  const auto journal = JournalReader::Open(root_.string());
  ASSERT_TRUE(journal.ok());
  EXPECT_EQ(journal->Find(Id(1)), nullptr);
  EXPECT_TRUE(journal->journals().empty());
}

TEST_F(JournalTest, ManyWritersAndSessionsAreOneJournal) {
  const data::RecordId text(absl::string_view("a \"b\""));
  Write(0, Id(1), "[1]");
  Write(1, text, "[{\"x\": 2}]");
  Write(0, Id(3), "[]");
  Write(1, Id(1), "[4]");
  const auto journal = JournalReader::Open(root_.string());
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_EQ(Results(*journal, Id(1)), "[4]");
  EXPECT_EQ(Results(*journal, text), "[{\"x\": 2}]");
  EXPECT_EQ(Results(*journal, Id(3)), "[]");
  EXPECT_EQ(journal->Find(Id(2)), nullptr);
}

// As after SIGKILL or on a full disk: wherever the file ends, complete lines
// count and the next session goes on behind them.
TEST_F(JournalTest, ACutOffLineDoesNotCount) {
  Write(0, Id(1), "[1]");
  Write(0, Id(2), "[2]");
  std::ifstream in(File(0));
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  const size_t first = whole.find('\n') + 1;
  const size_t second = whole.find('\n', first) + 1;
  for (size_t size = 0; size < whole.size(); ++size) {
    std::ofstream(File(0)) << whole.substr(0, size);
    Write(0, Id(3), "[3]");
    const auto journal = JournalReader::Open(root_.string());
    ASSERT_TRUE(journal.ok()) << size << ": " << journal.status();
    EXPECT_EQ(journal->Find(Id(1)) != nullptr, size >= second) << size;
    EXPECT_EQ(journal->Find(Id(2)), nullptr) << size;
    EXPECT_EQ(Results(*journal, Id(3)), "[3]") << size;
  }
}

TEST_F(JournalTest, PicturesReadBack) {
  origin_.weights = "0b";
  Write(0, Id(1), "[1]");
  const auto journal = JournalReader::Open(root_.string());
  ASSERT_TRUE(journal.ok()) << journal.status();
  const JournalPicture* picture = journal->Find(Id(1));
  ASSERT_NE(picture, nullptr);
  EXPECT_EQ(picture->file, "/a \"b\".png");
  EXPECT_EQ(picture->stamp, "1 \"2\"");
  EXPECT_EQ(picture->sha256, "0a");
  EXPECT_EQ(picture->height, 3);
  EXPECT_EQ(picture->width, 4);
  EXPECT_EQ(journal->journals()[0].origin.weights, "0b");
  EXPECT_EQ(journal->journals()[0].header, OriginJson(origin_));
}

TEST_F(JournalTest, OfAnotherVersionNothingCounts) {
  std::ofstream(File(0)) << "{\"key\": \"m on a, settings 1\"}\n"
                         << "{\"image_id\": 1, \"results\": []}\n";
  const auto journal = JournalReader::Open(root_.string());
  ASSERT_TRUE(journal.ok()) << journal.status();
  ASSERT_EQ(journal->journals().size(), 1u);
  EXPECT_FALSE(journal->journals()[0].readable);
  EXPECT_TRUE(journal->pictures().empty());
}

TEST_F(JournalTest, RewritingReplacesAll) {
  Write(0, Id(1), "[1]");
  Write(1, Id(2), "[2]");
  Write(2, Id(3), "[3]");
  const auto before = JournalReader::Open(root_.string());
  ASSERT_TRUE(before.ok()) << before.status();
  ASSERT_TRUE(RewriteJournals(root_.string(), OriginJson(origin_),
                              {*before->Find(Id(2)), *before->Find(Id(1))})
                  .ok());
  EXPECT_FALSE(fs::exists(File(1)));
  EXPECT_FALSE(fs::exists(File(2)));
  Write(1, Id(4), "[4]");
  const auto after = JournalReader::Open(root_.string());
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->pictures().size(), 3u);
  EXPECT_EQ(Results(*after, Id(1)), "[1]");
  EXPECT_EQ(Results(*after, Id(2)), "[2]");
  EXPECT_EQ(Results(*after, Id(4)), "[4]");
}

TEST_F(JournalTest, GarbageIsNamed) {
  Write(0, Id(1), "[1]");
  const std::string whole = ReadFile(File(0)).value();
  const std::string line = whole.substr(whole.find('\n') + 1);
  for (const std::string& bad :
       {std::string("garbage\n"),
        absl::StrCat(absl::StripSuffix(line, "\n"), " x\n")}) {
    ASSERT_TRUE(WriteFileAtomic(File(0), whole + bad).ok());
    EXPECT_THAT(
        std::string(JournalReader::Open(root_.string()).status().message()),
        HasSubstr("journal.0.jsonl: byte"))
        << bad;
  }
}

}  // namespace
}  // namespace fcis::eval
