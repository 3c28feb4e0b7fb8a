#include "fcis/train/watch/watch_server.h"

#include <httplib.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;

class WatchServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run_ = absl::StrCat(::testing::TempDir(), "/served");
    std::filesystem::remove_all(run_);
    std::filesystem::create_directories(run_);
    auto server = WatchServer::Start({run_}, 0);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  void TearDown() override {
    if (server_ == nullptr) return;
    // The server waits for the last question of an open page.
    std::thread page([port = server_->port()] {
      while (httplib::Client("127.0.0.1", port).Get("/data?have=")) {
      }
    });
    server_.reset();
    page.join();
  }
  void Log(int to) const {
    std::string lines;
    for (int i = 1; i <= to; ++i) {
      absl::StrAppend(&lines, "{\"iteration\":", i, ",\"loss\":", i, "}\n");
    }
    ASSERT_TRUE(WriteFileAtomic(run_ + "/log.jsonl", lines).ok());
  }
  httplib::Result Get(const std::string& path,
                      const httplib::Headers& headers = {}) const {
    return httplib::Client("127.0.0.1", server_->port()).Get(path, headers);
  }
  std::string run_;
  std::unique_ptr<WatchServer> server_;
};

TEST_F(WatchServerTest, ServesThePageAndItsData) {
  EXPECT_EQ(server_->url(),
            absl::StrCat("http://127.0.0.1:", server_->port(), "/"));
  const auto page = Get("/");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_THAT(page->body, HasSubstr("<title>Training</title>"));
  Log(3);
  const auto data = Get("/data?have=");
  ASSERT_TRUE(data);
  rapidjson::Document json;
  json.Parse(data->body.c_str());
  ASSERT_EQ(json[0]["rows"].Size(), 3u);
  Log(5);
  const auto more =
      Get(absl::StrCat("/data?have=", json[0]["version"].GetString(), ",3,",
                       json[0]["pictures_version"].GetString()));
  ASSERT_TRUE(more);
  json.Parse(more->body.c_str());
  EXPECT_EQ(json[0]["first_row"].GetInt(), 3);
  EXPECT_EQ(json[0]["rows"].Size(), 2u);
}

// What packs it would take more time of the training's cores than all the rest.
TEST_F(WatchServerTest, GivesItAsItIs) {
  Log(3);
  for (const char* path : {"/", "/data?have="}) {
    const auto answer = Get(path, {{"Accept-Encoding", "gzip, deflate, br"}});
    ASSERT_TRUE(answer);
    EXPECT_FALSE(answer->has_header("Content-Encoding")) << path;
    EXPECT_EQ(answer->get_header_value("Content-Length"),
              absl::StrCat(answer->body.size()));
  }
}

TEST_F(WatchServerTest, WhatIsAskedMayBeAnything) {
  Log(3);
  for (const char* have :
       {"", ";;;;;;", "a,b,c", "a,-1,c", "x,99999999999999999999,y", ",,,,,"}) {
    const auto data = Get(absl::StrCat("/data?have=", have));
    ASSERT_TRUE(data) << have;
    rapidjson::Document json;
    json.Parse(data->body.c_str());
    EXPECT_EQ(json[0]["rows"].Size(), 3u) << have;
  }
  for (const char* path : {"/../log.jsonl", "/log.jsonl", "//etc/passwd"}) {
    const auto answer = Get(path);
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->status, 404) << path;
  }
}

TEST_F(WatchServerTest, RefusesOtherHosts) {
  const std::string port = absl::StrCat(":", server_->port());
  for (const std::string& host :
       {std::string("evil.example"), "evil.example" + port,
        "127.0.0.1.evil.example" + port}) {
    for (const char* path : {"/", "/data"}) {
      const auto answer = Get(path, {{"Host", host}});
      ASSERT_TRUE(answer) << host;
      EXPECT_EQ(answer->status, 421) << host;
    }
  }
  EXPECT_EQ(Get("/", {{"Host", "localhost" + port}})->status, 200);
}

TEST_F(WatchServerTest, APortThatIsTakenIsNamed) {
  const auto second = WatchServer::Start({run_}, server_->port());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(second.status().message(),
              HasSubstr(absl::StrCat("port ", server_->port(), " of")));
  const int port = server_->port();
  server_.reset();
  // A resumed run has it at once.
  EXPECT_TRUE(WatchServer::Start({run_}, port).ok());
}

TEST_F(WatchServerTest, ManyAskAtOnceWhileTheLogGrows) {
  std::vector<std::thread> pages;
  for (int i = 0; i < 4; ++i) {
    pages.emplace_back([this] {
      for (int k = 0; k < 5; ++k) {
        const auto data = Get("/data?have=");
        ASSERT_TRUE(data);
        EXPECT_EQ(data->status, 200);
      }
    });
  }
  for (int to = 1; to < 20; ++to) Log(to);
  for (std::thread& page : pages) page.join();
}

// A page that is open asks once more before the server goes.
TEST_F(WatchServerTest, TheLastDataAreGivenOut) {
  ASSERT_TRUE(Get("/data?have="));
  const int port = server_->port();
  std::string last;
  std::thread page([&last, port] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    const auto data = httplib::Client("127.0.0.1", port).Get("/data?have=");
    if (data) last = data->body;
  });
  Log(9);
  server_.reset();
  page.join();
  EXPECT_THAT(last, HasSubstr("[9,9]"));
  EXPECT_FALSE(httplib::Client("127.0.0.1", port).Get("/"));
}

}  // namespace
}  // namespace fcis::train
