// The server as its user meets it: the program, a small model, a port.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/fault_run.h"
#include "fcis/core/testing/run_program.h"
#include "fcis/data/codec/png.h"
#include "fcis/data/http/test_client.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/load.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

// A running server.
class Running : public RunningProgram {
 public:
  // Reads what it says until it answers or ends.
  Running(const std::vector<std::string>& command, const std::string& log)
      : RunningProgram(command, log) {
    while (port_ == 0 && ReadLine()) {
      const size_t at = said().rfind("open http://127.0.0.1:");
      if (at != std::string::npos) {
        (void)absl::SimpleAtoi(
            said().substr(at + 22, said().find('/', at + 22) - at - 22),
            &port_);
      }
    }
  }
  int port() const { return port_; }
  // To what it has now and so many bytes.
  void LimitMemory(int64_t more) const {
    const std::string statm =
        ReadFile(absl::StrCat("/proc/", pid(), "/statm")).value_or("");
    int64_t pages = 0;
    ASSERT_TRUE(absl::SimpleAtoi(statm.substr(0, statm.find(' ')), &pages));
    const auto bytes = static_cast<rlim_t>(pages * getpagesize() + more);
    const rlimit limit = {bytes, bytes};
    ASSERT_EQ(prlimit(pid(), RLIMIT_AS, &limit, nullptr), 0);
  }

 private:
  int port_ = 0;
};

class ServeMainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_);
    setenv("HOME", root_.c_str(), 1);
    program_ = ProgramPath("fcis/tools/serve_main");
    const auto config = Preset("parity_mini");
    ASSERT_TRUE(config.ok()) << config.status();
    ASSERT_TRUE(model::SaveWeights(Path("m.safetensors"),
                                   model::DeterministicWeights(*config, 1))
                    .ok());
  }

  std::string Path(const std::string& name) const {
    return (root_ / name).string();
  }
  std::string Log() const { return ReadFile(Path("log")).value_or(""); }

  std::vector<std::string> Command(std::vector<std::string> flags) const {
    std::vector<std::string> command = {program_, "--modelpath",
                                        Path("m.safetensors"), "--nodownload",
                                        "--threads=2"};
    command.insert(command.end(), flags.begin(), flags.end());
    return command;
  }
  std::unique_ptr<Running> Start(std::vector<std::string> flags) const {
    return std::make_unique<Running>(Command(std::move(flags)), Path("log"));
  }

  static std::string PostHead(size_t length, const std::string& more = "",
                              const std::string& query = "") {
    return absl::StrCat("POST /detect", query,
                        " HTTP/1.1\r\nContent-Length: ", length, "\r\n", more);
  }
  static void ParseBody(const std::string& response,
                        rapidjson::Document* json) {
    ASSERT_EQ(data::StatusOf(response), 200) << response;
    json->Parse(response.c_str() + response.find("\r\n\r\n") + 4);
    ASSERT_TRUE(json->IsObject()) << response;
  }

  const std::string png_ = data::EncodePng(Image(60, 80)).value();
  fs::path root_;
  std::string program_;
};

TEST_F(ServeMainTest, AnswersAndEndsOnceAllIsAnswered) {
  const auto server = Start({"--port=0"});
  ASSERT_GT(server->port(), 0) << server->said() << Log();
  EXPECT_THAT(server->said(),
              AllOf(HasSubstr("model: "), HasSubstr("classes: "),
                    HasSubstr("device: cpu"), HasSubstr("pictures at once")));
  EXPECT_EQ(
      data::StatusOf(data::Ask(server->port(), "GET /healthz HTTP/1.1\r\n")),
      200);
  EXPECT_EQ(
      data::StatusOf(data::Ask(server->port(), PostHead(png_.size()), png_)),
      200);
  data::TestClient slow(server->port());
  slow.Send(absl::StrCat(PostHead(png_.size(), "Expect: 100-continue\r\n"),
                         "Host: localhost\r\n\r\n"));
  EXPECT_EQ(data::StatusOf(slow.Response()), 100);
  server->Signal(SIGTERM);
  while (server->said().find("stopping") == std::string::npos) {
    ASSERT_TRUE(server->ReadLine());
  }
  slow.Send(png_);
  EXPECT_EQ(data::StatusOf(slow.Response()), 200);
  EXPECT_EQ(server->Wait(), 0);
  EXPECT_THAT(Log(), AllOf(HasSubstr("127.0.0.1 GET /healthz 200, "),
                           HasSubstr("127.0.0.1 POST /detect 200, ")));
}

TEST_F(ServeMainTest, EndsOnCtrlC) {
  const auto server = Start({"--port=0"});
  ASSERT_GT(server->port(), 0) << server->said() << Log();
  server->Signal(SIGINT);
  EXPECT_EQ(server->Wait(), 0);
}

// A model's own names, however they are written, are what clients get and ask
// for; the page has none but those of /model.
TEST_F(ServeMainTest, OwnClasses) {
  auto config = Preset("parity_small").value();
  config.set_name("mine");
  const std::string odd = "ein \"B\u00fcgel\" </script>";
  const std::vector<std::string> names = {odd, "bolt", "lock nut", "d"};
  config.clear_classes();
  for (const std::string& name : names) {
    ClassConfig* const one = config.add_classes();
    one->set_name(name);
    one->set_category_id(10 * config.classes_size());
  }
  ASSERT_TRUE(model::SaveWeights(Path("m.safetensors"),
                                 model::DeterministicWeights(config, 1))
                  .ok());
  const auto server = Start({"--port=0", "--score_thresh=0"});
  ASSERT_GT(server->port(), 0) << server->said() << Log();
  EXPECT_THAT(server->said(), HasSubstr("bolt, lock nut, d"));
  rapidjson::Document about, all, nuts;
  ParseBody(data::Ask(server->port(), "GET /model HTTP/1.1\r\n"), &about);
  ASSERT_EQ(about["classes"].Size(), 4);
  for (rapidjson::SizeType i = 0; i < 4; ++i) {
    EXPECT_EQ(about["classes"][i]["name"].GetString(), names[i]);
    EXPECT_EQ(about["classes"][i]["category_id"].GetInt(), 10 * (i + 1));
  }
  Image picture(96, 130);
  for (size_t i = 0; i < picture.pixels.size(); ++i) {
    picture.pixels[i] = (i * i / 7 + i / 3) % 251;
  }
  const std::string png = data::EncodePng(picture).value();
  ParseBody(data::Ask(server->port(), PostHead(png.size()), png), &all);
  EXPECT_EQ(all["model"], "mine");
  const auto& instances = all["pictures"][0]["instances"];
  std::set<std::string> found;
  for (const auto& one : instances.GetArray()) {
    found.insert(one["class"].GetString());
    const auto at = absl::c_find(names, one["class"].GetString());
    ASSERT_NE(at, names.end());
    EXPECT_EQ(one["category_id"].GetInt(), 10 * (at - names.begin() + 1));
  }
  EXPECT_EQ(found.size(), names.size()) << "each has the best of its scores";
  ParseBody(data::Ask(server->port(),
                      PostHead(png.size(), "", "?classes=Lock_nut"), png),
            &nuts);
  EXPECT_FALSE(nuts["pictures"][0]["instances"].Empty());
  for (const auto& one : nuts["pictures"][0]["instances"].GetArray()) {
    EXPECT_EQ(one["class"], "lock nut");
  }
  const std::string page = data::Ask(server->port(), "GET / HTTP/1.1\r\n");
  EXPECT_THAT(page,
              AllOf(HasSubstr("fetch('model')"), Not(HasSubstr("person"))));
}

TEST_F(ServeMainTest, APortInUse) {
  const auto first = Start({"--port=0"});
  ASSERT_GT(first->port(), 0) << first->said() << Log();
  const auto second = Start({absl::StrCat("--port=", first->port())});
  EXPECT_EQ(second->Wait(), 1);
  EXPECT_THAT(Log(), AllOf(HasSubstr(absl::StrCat("port ", first->port())),
                           HasSubstr("in use")));
  EXPECT_THAT(second->said(), Not(HasSubstr("classes:"))) << "said before";
}

TEST_F(ServeMainTest, Token) {
  ASSERT_TRUE(WriteFileAtomic(Path("token"), "0123456789abcdef\n").ok());
  const auto server =
      Start({"--port=0", "--token_file", Path("token"), "--max_body_mb=1"});
  ASSERT_GT(server->port(), 0) << server->said() << Log();
  EXPECT_EQ(
      data::StatusOf(data::Ask(server->port(), PostHead(png_.size()), png_)),
      401);
  const std::string token = "Authorization: Bearer 0123456789abcdef\r\n";
  EXPECT_EQ(data::StatusOf(
                data::Ask(server->port(), PostHead(png_.size(), token), png_)),
            200);
  EXPECT_EQ(data::StatusOf(data::Ask(server->port(), PostHead(1 << 20, token),
                                     std::string(1 << 20, 'x'))),
            415);
  EXPECT_EQ(
      data::StatusOf(data::Ask(server->port(), PostHead((1 << 20) + 1, token))),
      413);
  EXPECT_THAT(absl::StrCat(server->said(), Log()), Not(HasSubstr("abcdef")));
}

// An hour ahead and back, at every third look at it.
TEST_F(ServeMainTest, TheClockJumps) {
  std::vector<std::string> command = {"/usr/bin/env"};
  for (const std::string& variable : FaultVariables("clock", "", 3, 3600)) {
    command.push_back(variable);
  }
  const std::vector<std::string> program = Command({"--port=0"});
  command.insert(command.end(), program.begin(), program.end());
  Running server(command, Path("log"));
  ASSERT_GT(server.port(), 0) << server.said() << Log();
  data::TestClient client(server.port());
  for (int i = 0; i < 10; ++i) {
    client.Send(
        absl::StrCat(PostHead(png_.size()), "Host: localhost\r\n\r\n", png_));
    EXPECT_EQ(data::StatusOf(client.Response()), 200);
  }
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0);
  EXPECT_THAT(Log(), AllOf(HasSubstr("POST /detect 200"),
                           Not(ContainsRegex("-[0-9.]+ m?s|[0-9]{6} ms"))));
}

// Less than a picture needs that may be sent: it is refused, others are not.
TEST_F(ServeMainTest, LittleMemory) {
  constexpr int64_t kMore = int64_t{100} << 20;
  const std::string large = data::EncodePng(Image(6000, 8000)).value();
  const auto server = Start({"--port=0"});
  ASSERT_GT(server->port(), 0) << server->said() << Log();
  const auto ask = [&](const std::string& picture) {
    return data::StatusOf(
        data::Ask(server->port(), PostHead(picture.size()), picture));
  };
  EXPECT_EQ(ask(png_), 200);
  server->LimitMemory(kMore);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(ask(large), AnyOf(422, 500, 503, 507));
    EXPECT_EQ(ask(png_), 200);
  }
  server->Signal(SIGTERM);
  EXPECT_EQ(server->Wait(), 0) << Log();
}

// The next one has the port and the answers.
TEST_F(ServeMainTest, KilledAndStartedAgain) {
  const auto first = Start({"--port=0"});
  ASSERT_GT(first->port(), 0) << first->said() << Log();
  data::TestClient client(first->port());
  client.Send(absl::StrCat(PostHead(png_.size()), "Host: localhost\r\n\r\n"));
  first->Signal(SIGKILL);
  EXPECT_EQ(first->Wait(), 128 + SIGKILL);
  const auto second = Start({absl::StrCat("--port=", first->port())});
  ASSERT_EQ(second->port(), first->port()) << second->said() << Log();
  EXPECT_EQ(
      data::StatusOf(data::Ask(second->port(), PostHead(png_.size()), png_)),
      200);
}

TEST_F(ServeMainTest, Usage) {
  for (const char* flag :
       {"--port=-1", "--port=65536", "--queue=-1", "--max_body_mb=0",
        "--request_seconds=0", "--max_connections=0", "--score_thresh=2",
        "--max_pixels=0", "--allow_hosts=http://a.lan/",
        "--allow_hosts=a.lan:80", "picture.jpg"}) {
    EXPECT_EQ(Start({flag})->Wait(), 2) << flag;
  }
  EXPECT_EQ(Start({"--token_file=/no/such/file"})->Wait(), 1);
  EXPECT_THAT(Log(), HasSubstr("/no/such/file"));
  const auto help = Start({"--help"});
  EXPECT_EQ(help->Wait(), 0);
  EXPECT_THAT(help->said(), AllOf(HasSubstr("--token_file"), HasSubstr("curl"),
                                  HasSubstr("50000000")));
}

}  // namespace
}  // namespace fcis::tools
