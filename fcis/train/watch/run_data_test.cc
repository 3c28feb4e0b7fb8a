#include "fcis/train/watch/run_data.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/train/run/event_log.h"
#include "fcis/train/run/run_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;

class RunDataTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = absl::StrCat(::testing::TempDir(), "/watched");
    std::filesystem::remove_all(path_);
  }
  // A start of the run after `done` iterations, whose log is left open.
  void Begin(int64_t done) {
    log_.reset();
    RunDirectory::Options options;
    options.out = path_;
    options.resume = done > 0;
    const auto directory = RunDirectory::Open(options);
    ASSERT_TRUE(directory.ok()) << directory.status();
    RunStart start;
    start.command_line = {"train", "--config", "</script>"};
    start.iteration = done;
    start.iterations = 40;
    start.config = "batch: 2 schedule { minutes: 3 }\n";
    (*start.record.mutable_flags())["seed"] = "7";
    start.record.add_classes("1 cat");
    ASSERT_TRUE((*directory)->RecordStart(start).ok());
    log_ = *EventLog::Open(path_, done);
  }
  void Log(int from, int to, double loss) {
    for (int i = from; i <= to; ++i) {
      ASSERT_TRUE(
          log_->Write(i, {{"epoch", i / 4.0}, {"loss", loss / i}}).ok());
    }
  }
  static rapidjson::Document Parse(const std::string& text) {
    rapidjson::Document json;
    json.Parse(text.c_str());
    EXPECT_FALSE(json.HasParseError()) << text;
    return json;
  }
  std::string path_;
  std::unique_ptr<EventLog> log_;
};

TEST_F(RunDataTest, OfAnEmptyDirectory) {
  std::filesystem::create_directories(path_);
  RunData data(path_);
  data.Update();
  const rapidjson::Document json = Parse(data.ToJson({}));
  EXPECT_EQ(json["starts"].Size(), 0u);
  EXPECT_EQ(json["rows"].Size(), 0u);
  EXPECT_EQ(json["problems"].Size(), 0u);
  EXPECT_EQ(json["last_line_s"].GetDouble(), -1);
}

TEST_F(RunDataTest, TellsWhatTheRunIs) {
  Begin(0);
  Log(1, 3, 6);
  ASSERT_TRUE(
      log_->Write(3, {{"validation_ap", .25}, {"validation_ap50", .5}}).ok());
  RunData data(path_);
  data.Update();
  const rapidjson::Document json = Parse(data.ToJson({}));
  EXPECT_STREQ(json["name"].GetString(), "watched");
  EXPECT_EQ(json["problems"].Size(), 0u);
  EXPECT_EQ(json["iterations"].GetInt(), 40);
  EXPECT_EQ(json["finished"].GetInt(), 0);
  EXPECT_EQ(json["starts"].Size(), 1u);
  EXPECT_STREQ(json["starts"][0]["command_line"][2].GetString(), "</script>");
  EXPECT_THAT(json["recipe"].GetString(), HasSubstr("minutes: 3"));
  const auto& settings = json["settings"];
  EXPECT_STREQ(settings["batch"].GetString(), "2");
  EXPECT_STREQ(settings["schedule.minutes"].GetString(), "3");
  EXPECT_STREQ(settings["--seed"].GetString(), "7");
  EXPECT_STREQ(settings["classes"].GetString(), "1");
  EXPECT_STREQ(json["columns"][2].GetString(), "loss");
  ASSERT_EQ(json["rows"].Size(), 3u);
  EXPECT_EQ(json["rows"][1][0].GetInt(), 2);
  EXPECT_EQ(json["rows"][1][2].GetDouble(), 3);
  EXPECT_EQ(json["validations"][0][0].GetInt(), 3);
  EXPECT_EQ(json["validations"][0][3].GetDouble(), .25);
}

TEST_F(RunDataTest, SendsWhatAPageDoesNotKnow) {
  Begin(0);
  Log(1, 3, 6);
  RunData data(path_);
  data.Update();
  const rapidjson::Document first = Parse(data.ToJson({}));
  EXPECT_TRUE(first.HasMember("pictures"));
  const RunData::Known known = {first["version"].GetString(), 3,
                                first["pictures_version"].GetString()};
  Log(4, 5, 6);
  data.Update();
  const rapidjson::Document second = Parse(data.ToJson(known));
  EXPECT_FALSE(second.HasMember("pictures"));
  EXPECT_EQ(second["first_row"].GetInt(), 3);
  ASSERT_EQ(second["rows"].Size(), 2u);
  EXPECT_EQ(second["rows"][0][0].GetInt(), 4);
  // More than there is, by a page that knows another run of the same name.
  const RunData::Known wrong = {known.version, 1000, ""};
  EXPECT_EQ(Parse(data.ToJson(wrong))["first_row"].GetInt(), 5);
}

// A run that was killed goes on from its checkpoint.
TEST_F(RunDataTest, AResumeMakesAnotherVersion) {
  Begin(0);
  Log(1, 9, 6);
  RunData data(path_);
  data.Update();
  const RunData::Known known = {
      std::string(Parse(data.ToJson({}))["version"].GetString()), 9, ""};
  Begin(4);
  Log(5, 12, 8);
  data.Update();
  const rapidjson::Document json = Parse(data.ToJson(known));
  EXPECT_NE(json["version"].GetString(), known.version);
  EXPECT_EQ(json["first_row"].GetInt(), 0);
  ASSERT_EQ(json["rows"].Size(), 12u);
  EXPECT_EQ(json["rows"][7][2].GetDouble(), 1);
  EXPECT_EQ(json["starts"].Size(), 2u);
}

TEST_F(RunDataTest, IsJsonWhateverTheFilesAre) {
  Begin(0);
  ASSERT_TRUE(
      WriteFileAtomic(path_ + "/log.jsonl", "{\"iteration\":1,\"l\xff\":1}\n")
          .ok());
  ASSERT_TRUE(WriteFileAtomic(path_ + "/run.jsonl",
                              "{\"a\":NaN}\n{\"\xfe\":1}\n"
                              "{\"iterations\":1e300}\n")
                  .ok());
  RunData data(path_);
  data.Update();
  const std::string text = data.ToJson({});
  rapidjson::Document json;
  json.Parse<rapidjson::kParseValidateEncodingFlag>(text.c_str());
  ASSERT_FALSE(json.HasParseError()) << text;
  EXPECT_STREQ(json["columns"][1].GetString(), "l?");
  EXPECT_EQ(json["starts"].Size(), 1u);
  EXPECT_EQ(json["iterations"].GetInt(), 0);
}

TEST_F(RunDataTest, SaysWhatCannotBeRead) {
  Begin(0);
  Log(1, 3, 6);
  std::string log = *ReadFile(path_ + "/log.jsonl");
  ASSERT_TRUE(
      WriteFileAtomic(path_ + "/log.jsonl", log + "damaged\n{\"it").ok());
  ASSERT_TRUE(WriteFileAtomic(path_ + "/run.textproto", "flags {").ok());
  ASSERT_TRUE(WriteFileAtomic(path_ + "/run.jsonl", "{\"time\":").ok());
  RunData data(path_);
  data.Update();
  const rapidjson::Document json = Parse(data.ToJson({}));
  EXPECT_EQ(json["rows"].Size(), 3u);
  EXPECT_EQ(json["starts"].Size(), 0u);
  ASSERT_EQ(json["problems"].Size(), 2u);
  EXPECT_THAT(json["problems"][0].GetString(), HasSubstr("run.textproto"));
  EXPECT_THAT(json["problems"][1].GetString(),
              HasSubstr("log.jsonl: 1 lines cannot be read"));
}

}  // namespace
}  // namespace fcis::train
