// train --watch.
#include <arpa/inet.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/train/testing/train_program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;

// The port in "page: http://127.0.0.1:<port>/" once the file has it.
int PortIn(const std::string& said) {
  const std::string before = "page: http://127.0.0.1:";
  while (true) {
    const absl::StatusOr<std::string> text = ReadFile(said);
    const size_t at = text.ok() ? text->find(before) : std::string::npos;
    if (at != std::string::npos && absl::EndsWith(*text, "\n")) {
      const size_t begin = at + before.size();
      int port = 0;
      EXPECT_TRUE(absl::SimpleAtoi(
          text->substr(begin, text->find('/', begin) - begin), &port));
      return port;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

class WatchTest : public TinySetTest {};

// A page sees the run from its first iterations to its end.
TEST_F(WatchTest, APageSeesTheWholeRun) {
  const std::string said = run_ + ".out";
  std::remove(said.c_str());
  Outcome trained;
  std::thread training([&] {
    trained = Shell(absl::StrCat(
        TrainProgram(), " ", TinyFlags(), DataFlags(data_), "--val_ann_file ",
        data_, "/annotations.json --val_image_dir ", data_,
        "/images --max_iters 12 --val_every 1 --watch --watch_port 0 --out ",
        run_, " > ", said));
  });
  httplib::Client page("127.0.0.1", PortIn(said));
  rapidjson::Document last;
  while (true) {
    const auto answer = page.Get("/data?have=");
    if (!answer) break;
    last.Parse(answer->body.c_str());
  }
  training.join();
  ASSERT_EQ(trained.code, 0) << *ReadFile(said);
  ASSERT_TRUE(last.IsArray());
  EXPECT_EQ(last[0]["finished"].GetInt(), 12);
  EXPECT_EQ(last[0]["iterations"].GetInt(), 12);
  ASSERT_EQ(last[0]["rows"].Size(), 12u);
  EXPECT_EQ(last[0]["validations"].Size(), 3u);
  const auto& pictures = last[0]["pictures"];
  EXPECT_EQ(pictures["iterations"].Size(), 3u);
  EXPECT_EQ(pictures["problems"].Size(), 0u);
  ASSERT_EQ(pictures["pictures"].Size(), 4u);
  EXPECT_EQ(pictures["pictures"][0]["truth"].Size(), 1u);
  EXPECT_EQ(pictures["pictures"][0]["found"].Size(), 3u);
  const auto log = ReadLog(run_);
  EXPECT_GT(log[11]["elapsed_s"].GetDouble(), log[0]["elapsed_s"].GetDouble());
  EXPECT_GT(log[0]["peak_memory_mb"].GetDouble(), 1);
}

TEST_F(WatchTest, ATakenPortIsAWarning) {
  const int taken = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(taken, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(taken, 1), 0);
  getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size);
  const int port = ntohs(address.sin_port);
  const Outcome trained =
      Train(absl::StrCat(TinyFlags(), "--max_iters 2 --watch --watch_port ",
                         port, " --out ", run_));
  close(taken);
  EXPECT_EQ(trained.code, 0) << trained.output;
  EXPECT_THAT(trained.output,
              HasSubstr(absl::StrCat("warning: no page: --watch_port: cannot "
                                     "listen on port ",
                                     port)));
  EXPECT_EQ(ReadLog(run_).size(), 2u);
}

TEST_F(WatchTest, OneOfSeveralProcessesServes) {
  const Outcome trained =
      Shell(Mpi(2, absl::StrCat(TinyFlags(),
                                "--threads 1 --max_iters 2 --watch "
                                "--watch_port 0 --out ",
                                run_)));
  EXPECT_EQ(trained.code, 0) << trained.output;
  const size_t at = trained.output.find("page: http://127.0.0.1:");
  ASSERT_NE(at, std::string::npos) << trained.output;
  EXPECT_EQ(trained.output.find("page: ", at + 1), std::string::npos);
}

}  // namespace
}  // namespace fcis::train
