#include "fcis/data/download/unpack.h"

#include <filesystem>

#include "fcis/core/io/file.h"
#include "fcis/data/download/test_archive.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class UnpackTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "/unpack";
    fs::remove_all(root_);
    fs::create_directories(root_);
    archive_ = ::testing::TempDir() + "/archive";
    AddRule("COCO_", ".jpg", "images/train");
    AddRule("", ".json", "annotations");
  }

  void AddRule(const char* prefix, const char* suffix, const char* directory) {
    UnpackRule* rule = rules_.Add();
    rule->set_prefix(prefix);
    rule->set_suffix(suffix);
    rule->set_directory(directory);
  }

  void Save(const std::vector<TestEntry>& entries) {
    SaveBytes(MakeArchive(entries, GetParam()));
  }
  void SaveBytes(const std::string& bytes) {
    ASSERT_TRUE(WriteFileAtomic(archive_, bytes).ok());
  }
  absl::StatusOr<std::vector<UnpackedFile>> Run() {
    return Unpack(archive_, rules_, root_);
  }
  std::string Error() { return std::string(Run().status().message()); }
  std::string Read(const std::string& name) {
    return ReadFile(root_ + "/" + name).value_or("<missing>");
  }
  // Everything under the root that is no directory.
  std::vector<std::string> Files() {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      if (!entry.is_directory()) {
        files.push_back(fs::relative(entry.path(), root_).string());
      }
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  const std::vector<TestEntry> good_ = {
      {"train/COCO_1.jpg", "one"},
      {"train/COCO_2.jpg", std::string(300000, 'x')},
      {"train/readme.txt", "not wanted"},
      {"__MACOSX/._COCO_1.jpg", "not wanted"},
      {"annotations/a.json", "{}"}};
  std::string root_, archive_;
  UnpackRules rules_;
};

TEST_P(UnpackTest, WhatTheRulesName) {
  Save(good_);
  const auto files = Run();
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(*files, SizeIs(3));
  EXPECT_THAT(Files(),
              ElementsAre("annotations/a.json", "images/train/COCO_1.jpg",
                          "images/train/COCO_2.jpg"));
  EXPECT_EQ(Read("images/train/COCO_1.jpg"), "one");
  EXPECT_EQ(Read("images/train/COCO_2.jpg"), std::string(300000, 'x'));
  EXPECT_THAT(*CheckArchive(archive_), SizeIs(5));
}

TEST_P(UnpackTest, GoesOnWhereItWas) {
  Save(good_);
  ASSERT_TRUE(Run().ok());
  const auto written = fs::last_write_time(root_ + "/images/train/COCO_2.jpg");
  fs::remove(root_ + "/annotations/a.json");
  // Half a file under a name that nobody looks at, and a wrong one.
  ASSERT_TRUE(WriteFileAtomic(root_ + "/annotations/a.json.part", "half").ok());
  ASSERT_TRUE(WriteFileAtomic(root_ + "/images/train/COCO_1.jpg", "o").ok());
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Read("annotations/a.json"), "{}");
  EXPECT_EQ(Read("images/train/COCO_1.jpg"), "one");
  EXPECT_EQ(Read("images/train/COCO_1.jpg.mismatch"), "o");
  EXPECT_EQ(fs::last_write_time(root_ + "/images/train/COCO_2.jpg"), written);
  EXPECT_THAT(Files(), SizeIs(4));
}

TEST_P(UnpackTest, UnsafeArchivesLeaveNothing) {
  const std::vector<std::pair<TestEntry, const char*>> cases = {
      {{"../COCO_3.jpg", "x"}, "unsafe"},
      {{"train/../../COCO_3.jpg", "x"}, "unsafe"},
      {{"/tmp/COCO_3.jpg", "x"}, "unsafe"},
      {{"..\\COCO_3.jpg", "x"}, "unsafe"},
      {{"train/COCO_3.jpg", "", "/etc/passwd"}, "link"},
      {{"other/COCO_1.jpg", "one more"}, "twice"},
  };
  for (const auto& [entry, what] : cases) {
    std::vector<TestEntry> entries = good_;
    entries.push_back(entry);
    Save(entries);
    EXPECT_THAT(Error(), HasSubstr(what)) << entry.name;
    EXPECT_THAT(Error(), HasSubstr("COCO_"));
    EXPECT_THAT(Files(), IsEmpty());
  }
}

TEST_P(UnpackTest, MissingEntriesAreNamed) {
  Save({{"train/COCO_1.jpg", "one"}});
  EXPECT_THAT(Error(), HasSubstr("holds no *.json"));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_P(UnpackTest, DamageIsFound) {
  Save(good_);
  const std::string bytes = ReadFile(archive_).value();
  SaveBytes(bytes.substr(0, bytes.size() / 2));
  EXPECT_FALSE(CheckArchive(archive_).ok());
  EXPECT_FALSE(Run().ok());
  SaveBytes("neither zip nor tar");
  EXPECT_THAT(Error(), HasSubstr("not a sound archive"));
  SaveBytes("");
  EXPECT_FALSE(Run().ok());
  fs::remove(archive_);
  EXPECT_THAT(Error(), HasSubstr(archive_));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_P(UnpackTest, Bombs) {
  // 3 MB of noise-free bytes shrink to almost nothing; claim many of them.
  std::vector<TestEntry> entries = good_;
  for (int i = 0; i < 30; ++i) {
    entries.push_back({"train/COCO_b" + std::to_string(i) + ".jpg",
                       std::string(3 << 20, '\0')});
  }
  Save(entries);
  EXPECT_THAT(Error(), HasSubstr("impossible"));
  EXPECT_FALSE(CheckArchive(archive_).ok());
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_P(UnpackTest, EntriesAndBytesAreLimited) {
  Save(good_);
  ArchiveLimits limits;
  limits.entries = static_cast<int64_t>(good_.size());
  EXPECT_TRUE(CheckArchive(archive_, limits).ok());
  --limits.entries;
  EXPECT_FALSE(CheckArchive(archive_, limits).ok());
  limits = {};
  limits.ratio = 0;
  limits.free_bytes = 0;
  for (const TestEntry& entry : good_) limits.free_bytes += entry.bytes.size();
  EXPECT_TRUE(CheckArchive(archive_, limits).ok());
  --limits.free_bytes;
  EXPECT_FALSE(CheckArchive(archive_, limits).ok());
}

INSTANTIATE_TEST_SUITE_P(Kinds, UnpackTest, ::testing::Bool(),
                         [](const auto& info) {
                           return info.param ? "Zip" : "Tgz";
                         });

TEST(UnpackChecksumTest, AFlippedBitIsFound) {
  const std::string path = ::testing::TempDir() + "/flipped.zip";
  std::string bytes = MakeArchive({{"COCO_1.jpg", "some bytes here"}}, true);
  ASSERT_TRUE(WriteFileAtomic(path, bytes).ok());
  EXPECT_TRUE(CheckArchive(path).ok());
  // The data follow 30 bytes, the name, and what stands at byte 28.
  const size_t data = 30 + 10 + static_cast<unsigned char>(bytes[28]);
  for (size_t at = data; at < data + 12; ++at) {
    std::string flipped = bytes;
    flipped[at] ^= 4;
    ASSERT_TRUE(WriteFileAtomic(path, flipped).ok());
    EXPECT_FALSE(CheckArchive(path).ok()) << at - data;
  }
}

}  // namespace
}  // namespace fcis::data
