#include "fcis/eval/predict/journal.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

RecordId Id(int64_t id) { return RecordId(id); }

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void Write(int writer, const RecordId& image, const std::string& results) {
    const auto journal = JournalWriter::Open(root_.string(), writer, "key");
    ASSERT_TRUE(journal.ok()) << journal.status();
    ASSERT_TRUE((*journal)->Write(image, results).ok());
  }
  std::string File(int writer) const {
    return (root_ / ("journal." + std::to_string(writer) + ".jsonl")).string();
  }

  fs::path root_;
};

TEST_F(JournalTest, AnEmptyDirectoryHasNothing) {
  const auto journal = JournalReader::Open(root_.string(), "key");
  ASSERT_TRUE(journal.ok());
  EXPECT_FALSE(journal->Has(Id(1)));
  EXPECT_EQ(journal->Results(Id(1)), "");
}

TEST_F(JournalTest, ManyWritersAndSessionsAreOneJournal) {
  const RecordId text(absl::string_view("a \"b\""));
  Write(0, Id(1), "[1]");
  Write(1, text, "[{\"x\": 2}]");
  Write(0, Id(3), "[]");
  Write(1, Id(1), "[4]");
  const auto journal = JournalReader::Open(root_.string(), "key");
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_EQ(journal->Results(Id(1)), "[4]");
  EXPECT_EQ(journal->Results(text), "[{\"x\": 2}]");
  EXPECT_EQ(journal->Results(Id(3)), "[]");
  EXPECT_FALSE(journal->Has(Id(2)));
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
    const auto journal = JournalReader::Open(root_.string(), "key");
    ASSERT_TRUE(journal.ok()) << size << ": " << journal.status();
    EXPECT_EQ(journal->Has(Id(1)), size >= second) << size;
    EXPECT_FALSE(journal->Has(Id(2))) << size;
    EXPECT_EQ(journal->Results(Id(3)), "[3]") << size;
  }
}

TEST_F(JournalTest, AnotherKeyIsAnError) {
  Write(0, Id(1), "[1]");
  const auto journal = JournalReader::Open(root_.string(), "other");
  EXPECT_EQ(journal.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(journal.status().message()), HasSubstr("--out"));
}

TEST_F(JournalTest, GarbageIsNamed) {
  Write(0, Id(1), "[1]");
  std::ofstream(File(0), std::ios::app) << "garbage\n";
  EXPECT_THAT(
      std::string(
          JournalReader::Open(root_.string(), "key").status().message()),
      HasSubstr("journal.0.jsonl: byte"));
}

}  // namespace
}  // namespace fcis
