// The program as its user meets it, with a server on the loopback.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "fcis/data/download/test_archive.h"
#include "fcis/data/download/test_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kBinary[] = "application/octet-stream";

class DownloadMainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "/" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_);
    setenv("HOME", root_.c_str(), 1);
    const auto program = FindRunfile("fcis/tools/download_main");
    ASSERT_TRUE(program.ok()) << program.status();
    program_ = *program;
    std::string weights(1000000, '\0');
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = i * i % 249 + i;
    model_ = data::MakeArchive({{"a.npy", weights}}, true);
    pictures_ = data::MakeArchive({{"val/COCO_1.jpg", "one"}}, true);
    annotations_ =
        data::MakeArchive({{"annotations/instances.json", "{}"}}, false);
    server_.server.Get("/model.npz",
                       [this](const auto& request, auto& response) {
                         Model(request, response);
                       });
    Serve("/val.zip", &pictures_);
    Serve("/annotations.tgz", &annotations_);
    server_.Start();
    const std::string source =
        absl::StrCat("allow_http: true url: '", server_.Url(""));
    Write("manifest",
          absl::StrCat("item { name: 'model' file: 'model.npz' format: NPZ "
                       "source { ",
                       source,
                       "/model.npz' } } "
                       "item { name: 'away' file: 'away.npz' source { url: "
                       "'https://no-such-host.invalid/a' } } "
                       "item { name: 'pictures' file: 'val.zip' kind: DATASET "
                       "format: ZIP source { ",
                       source,
                       "/val.zip' } unpack { "
                       "suffix: '.jpg' directory: 'images/val' } } "
                       "item { name: 'notes' file: 'annotations.tgz' format: "
                       "TGZ kind: DATASET source { ",
                       source,
                       "/annotations.tgz' } unpack { suffix: '.json' "
                       "directory: 'annotations' } } "
                       "group { name: 'val' item: 'pictures' item: 'notes' }"));
  }

  void Serve(const std::string& route, const std::string* bytes) {
    server_.server.Get(route, [bytes](const auto&, auto& response) {
      response.set_content(*bytes, kBinary);
    });
  }

  // Slow as long as slow_ says so.
  void Model(const httplib::Request& request, httplib::Response& response) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ranges_.push_back(request.get_header_value("Range"));
    }
    response.set_header("ETag", "\"v1\"");
    response.set_content_provider(
        model_.size(), kBinary,
        [this](size_t offset, size_t length, httplib::DataSink& sink) {
          if (slow_) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
          }
          return sink.write(&model_[offset], std::min<size_t>(length, 5000));
        });
  }

  void Write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(WriteFileAtomic(root_ + "/" + name, bytes).ok());
  }
  std::string Read(const std::string& name) const {
    return ReadFile(root_ + "/" + name).value_or("<missing>");
  }

  // Starts the program; its output goes to <name>.out and <name>.err.
  pid_t Start(const std::string& args, const std::string& name = "run") {
    std::vector<std::string> words = {program_};
    for (absl::string_view word :
         absl::StrSplit(args, ' ', absl::SkipEmpty())) {
      words.emplace_back(word);
    }
    words.push_back("--manifest=" + root_ + "/manifest");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string out = root_ + "/" + name;
    const pid_t pid = fork();
    if (pid == 0) {
      dup2(open((out + ".out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), 1);
      dup2(open((out + ".err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), 2);
      execv(argv[0], argv.data());
      _exit(127);
    }
    return pid;
  }
  // The exit code, or minus the signal.
  static int Wait(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  int Run(const std::string& args) { return Wait(Start(args)); }
  std::string Error() const { return Read("run.err"); }

  std::vector<std::string> Files(const std::string& directory) const {
    std::vector<std::string> files;
    std::error_code error;
    const std::string top = root_ + "/" + directory;
    for (const auto& entry : fs::recursive_directory_iterator(top, error)) {
      if (!entry.is_directory()) {
        files.push_back(fs::relative(entry.path(), top).string());
      }
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  std::string root_, program_, model_, pictures_, annotations_;
  std::atomic<bool> slow_{false};
  std::mutex mutex_;
  std::vector<std::string> ranges_;
  data::TestServer server_;
};

TEST_F(DownloadMainTest, Models) {
  EXPECT_EQ(Run("models"), 0) << Error();
  EXPECT_EQ(Read("data/models/model.npz"), model_);
  EXPECT_THAT(Read("run.out"), HasSubstr("/data/models/model.npz\n"));
  EXPECT_EQ(Run(absl::StrCat("models model.npz -d ", root_, "/elsewhere")), 0)
      << Error();
}

TEST_F(DownloadMainTest, DataSets) {
  EXPECT_EQ(Run(absl::StrCat("datasets --val --data-dir ", root_, "/coco")), 0)
      << Error();
  EXPECT_THAT(
      Files("coco"),
      ElementsAre("annotations.tgz.lock", "annotations.tgz.sha256",
                  "annotations.tgz.unpacked", "annotations/instances.json",
                  "images/val/COCO_1.jpg", "val.zip.lock", "val.zip.sha256",
                  "val.zip.unpacked"));
}

TEST_F(DownloadMainTest, DryRunAndListWriteNothing) {
  EXPECT_EQ(Run("datasets --val --dry-run"), 0);
  EXPECT_THAT(Read("run.out"), HasSubstr("/annotations.tgz to "));
  EXPECT_EQ(Run("models --list"), 0);
  EXPECT_THAT(Read("run.out"), HasSubstr("away.npz"));
  EXPECT_FALSE(fs::exists(root_ + "/data"));
}

TEST_F(DownloadMainTest, LocalFileInsteadOfTheAddress) {
  Write("own.npz", model_);
  EXPECT_EQ(Run(absl::StrCat("models away --url ", root_, "/own.npz")), 0)
      << Error();
  EXPECT_EQ(Read("data/models/away.npz"), model_);
  EXPECT_EQ(Run("models model away --url x"), 2);
}

TEST_F(DownloadMainTest, Usage) {
  EXPECT_EQ(Run(""), 2);
  EXPECT_EQ(Run("pictures"), 2);
  EXPECT_EQ(Run("datasets"), 2);
  EXPECT_EQ(Run("datasets --train2041"), 2);
  EXPECT_EQ(Run("models --val"), 2);
  EXPECT_EQ(Run("models modle"), 2);
  EXPECT_THAT(Error(), HasSubstr("did you mean model"));
  EXPECT_EQ(Run("--help"), 0);
}

TEST_F(DownloadMainTest, KilledInTheMiddleThenResumed) {
  slow_ = true;
  const pid_t pid = Start("models");
  const std::string part = root_ + "/data/models/model.npz.part";
  std::error_code error;
  while (!(fs::file_size(part, error) >= 100000 && !error)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  kill(pid, SIGKILL);
  EXPECT_EQ(Wait(pid), -SIGKILL);
  for (const std::string& name : Files("data/models")) {
    EXPECT_TRUE(absl::EndsWith(name, ".part") || absl::EndsWith(name, ".lock"))
        << name;
  }
  const size_t size = fs::file_size(part);
  slow_ = false;
  EXPECT_EQ(Run("models"), 0) << Error();
  EXPECT_EQ(Read("data/models/model.npz"), model_);
  EXPECT_THAT(ranges_, ElementsAre("", absl::StrCat("bytes=", size, "-")));
}

TEST_F(DownloadMainTest, TwoAtOnceFetchOnce) {
  slow_ = true;
  const pid_t first = Start("models", "first");
  const pid_t second = Start("models", "second");
  EXPECT_EQ(Wait(first), 0) << Read("first.err");
  EXPECT_EQ(Wait(second), 0) << Read("second.err");
  EXPECT_EQ(Read("data/models/model.npz"), model_);
  EXPECT_THAT(ranges_, ElementsAre(""));
  EXPECT_THAT(Read("first.err") + Read("second.err"),
              HasSubstr("waiting for another process"));
}

TEST_F(DownloadMainTest, NoNetwork) {
  const absl::Time start = absl::Now();
  EXPECT_EQ(Run("models away"), 1);
  EXPECT_LT(absl::Now() - start, absl::Seconds(15));
  EXPECT_THAT(Error(), HasSubstr("no network: no-such-host.invalid"));
  const std::string error = Error();
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 1);
  EXPECT_THAT(Files("data/models"), ElementsAre("away.npz.lock"));
}

TEST_F(DownloadMainTest, BadManifest) {
  Write("manifest", "item { nam: 'x' }");
  EXPECT_EQ(Run("models"), 1);
  EXPECT_THAT(Error(), HasSubstr("/manifest:1:"));
}

}  // namespace
}  // namespace fcis::tools
