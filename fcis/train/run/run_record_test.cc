#include "fcis/train/run/run_record.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/train/config/train.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string NewDirectory(const std::string& name) {
  const auto path = std::filesystem::path(::testing::TempDir()) / name;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path.string();
}

RunRecord Record(const std::vector<std::string>& classes,
                 const std::vector<std::string>& pictures) {
  RunRecord record;
  for (const std::string& name : classes) record.add_classes(name);
  for (const std::string& name : pictures) record.add_pictures(name);
  return record;
}

std::vector<std::string> Differences(const RunRecord& before,
                                     const RunRecord& now) {
  return DataDifferences(before, now, "then", "now");
}

TEST(RunRecordTest, ReadsBackAsWritten) {
  const std::string directory = NewDirectory("record");
  EXPECT_TRUE(absl::IsNotFound(ReadRunRecord(directory).status()));
  RunRecord record = Record({"1 cat", "\"b\" dog \"\n\xc3\xa9"}, {"1 a.jpg"});
  (*record.mutable_flags())["set"] = "model: \"parity_mini\"\n batch: 1";
  (*record.mutable_flags())["seed"] = "18446744073709551615";
  record.set_objects(0xFFFFFFFFFFFFFFFFu);
  record.set_finished(12);
  ASSERT_TRUE(WriteRunRecord(directory, record).ok());
  const auto got = ReadRunRecord(directory);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->DebugString(), record.DebugString());
  EXPECT_THAT(FieldDifferences(record, *got), IsEmpty());

  ASSERT_TRUE(WriteFileAtomic(directory + "/run.textproto", "classes: 7").ok());
  EXPECT_THAT(ReadRunRecord(directory).status().message(),
              HasSubstr(directory + "/run.textproto:1:"));
  EXPECT_THAT(WriteRunRecord("/no/such", record).message(),
              HasSubstr("/no/such/run.textproto"));
}

TEST(RunRecordTest, ClassesDifferByNameIdAndOrder) {
  const RunRecord run = Record({"1 cat", "2 dog"}, {});
  EXPECT_THAT(Differences(run, run), IsEmpty());
  EXPECT_THAT(Differences(run, Record({"1 cat", "3 dog"}, {})),
              ElementsAre("class 2 (id and name): \"2 dog\" then, \"3 dog\" "
                          "now"));
  EXPECT_THAT(Differences(run, Record({"1 cat", "2 car"}, {})),
              ElementsAre(HasSubstr("\"2 car\" now")));
  EXPECT_THAT(Differences(run, Record({"2 dog", "1 cat"}, {})),
              ElementsAre(HasSubstr("class 1"), HasSubstr("class 2")));
  EXPECT_THAT(Differences(run, Record({"1 cat"}, {})),
              ElementsAre(HasSubstr("\"2 dog\" then, none now")));
  RunRecord many;
  for (int i = 0; i < 80; ++i) many.add_classes(absl::StrCat(i));
  const auto lines = Differences(Record({}, {}), many);
  EXPECT_EQ(lines.size(), 11u);
  EXPECT_EQ(lines.back(), "... and 70 more classes");
}

TEST(RunRecordTest, PicturesDifferByNameAndOrder) {
  const RunRecord run = Record({}, {"1 a.jpg", "2 b.jpg", "3 c.jpg"});
  EXPECT_THAT(Differences(run, run), IsEmpty());
  EXPECT_THAT(Differences(run, Record({}, {"1 a.jpg", "3 c.jpg"})),
              ElementsAre("pictures: 3 then, 2 now; only then: 1 (2 b.jpg)"));
  EXPECT_THAT(Differences(run, Record({}, {"1 a.jpg", "2 d.jpg", "3 c.jpg"})),
              ElementsAre("pictures: 3 then, 3 now; only then: 1 (2 b.jpg); "
                          "only now: 1 (2 d.jpg)"));
  EXPECT_THAT(Differences(run, Record({}, {"1 a.jpg", "3 c.jpg", "2 b.jpg"})),
              ElementsAre("pictures: 3 then, 3 now; in another order from "
                          "number 2 on"));
  EXPECT_THAT(
      Differences(Record({}, {}), run),
      ElementsAre(HasSubstr("only now: 3 (1 a.jpg, 2 b.jpg, 3 c.jpg)")));
}

TEST(RunRecordTest, FieldsDifferByName) {
  TrainConfig a, b;
  a.set_batch(1);  // the default
  EXPECT_THAT(FieldDifferences(a, b), IsEmpty());
  b.set_batch(2);
  b.mutable_optimizer()->set_momentum(0.8);
  b.mutable_schedule()->add_phases()->set_lr(0.5);
  EXPECT_THAT(FieldDifferences(a, b),
              ElementsAre("optimizer.momentum: 0.9 -> 0.8",
                          HasSubstr("schedule.phases[0]"), "batch: 1 -> 2"));
}

}  // namespace
}  // namespace fcis::train
