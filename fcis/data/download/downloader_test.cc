// Every way in which a server can fail, on a real one.
#include "fcis/data/download/downloader.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/io/file.h"
#include "fcis/data/download/test_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kBinary[] = "application/octet-stream";

std::string Payload(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = (i * i / 5 + i) % 253;
  return bytes;
}

class DownloaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        fs::path(::testing::TempDir()) /
        ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(directory_);
    fs::create_directories(directory_);
    path_ = (directory_ / "file").string();
    options_.first_wait = absl::Milliseconds(10);
    options_.longest_wait = absl::Seconds(2);
    options_.connect_timeout = absl::Seconds(2);
    options_.low_speed_time = absl::Seconds(1);
    options_.say = [this](absl::string_view line) {
      said_.push_back(std::string(line));
    };
    item_.set_name("thing");
  }

  // A route for the payload; `before` may replace the answer (true).
  void Serve(const std::string& route,
             std::function<bool(const httplib::Request&, httplib::Response&)>
                 before = nullptr) {
    server_.server.Get(route, [=](const httplib::Request& request,
                                  httplib::Response& response) {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        ranges_.push_back(request.get_header_value("Range"));
        if_ranges_.push_back(request.get_header_value("If-Range"));
      }
      if (before && before(request, response)) return;
      response.set_content(payload_, kBinary);
    });
  }

  // The first `count` bytes, then the connection breaks.
  static void Break(httplib::Response& response, const std::string& all,
                    size_t first, size_t count) {
    response.set_content_provider(
        all.size(), kBinary,
        [&all, first, count](size_t offset, size_t, httplib::DataSink& sink) {
          if (offset >= first + count) return false;
          sink.write(&all[offset], first + count - offset);
          return true;
        });
  }

  void AddSource(const std::string& route) { AddUrl(server_.Url(route)); }
  void AddUrl(const std::string& url) {
    DownloadSource* source = item_.add_source();
    source->set_url(url);
    source->set_allow_http(true);
  }

  absl::Status Download() {
    Downloader downloader(options_);
    return Download(&downloader);
  }
  absl::Status Download(Downloader* downloader) {
    return downloader->Download(item_, path_, [this](const std::string& path) {
      const std::string bytes = ReadFile(path).value_or("");
      if (bytes == payload_) return absl::OkStatus();
      return absl::InvalidArgumentError("differs from the published hash");
    });
  }

  // The file is there, and nothing else.
  void ExpectPayload() {
    EXPECT_EQ(ReadFile(path_).value_or("<missing>"), payload_);
    EXPECT_THAT(Files(), ElementsAre("file"));
  }
  // No file, and nothing but parts.
  void ExpectNothing() {
    for (const std::string& name : Files()) {
      EXPECT_TRUE(absl::EndsWith(name, ".part")) << name;
    }
  }
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  void Write(const std::string& suffix, const std::string& bytes) {
    ASSERT_TRUE(WriteFileAtomic(path_ + suffix, bytes).ok());
  }

  const std::string payload_ = Payload(300000);
  fs::path directory_;
  std::string path_;
  DownloadOptions options_;
  DownloadItem item_;
  std::vector<std::string> said_;
  std::mutex mutex_;
  std::vector<std::string> ranges_, if_ranges_;
  TestServer server_;
};

TEST_F(DownloaderTest, Whole) {
  Serve("/a");
  server_.Start();
  AddSource("/a");
  item_.set_size(payload_.size());
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
  EXPECT_THAT(ranges_, ElementsAre(""));
  EXPECT_THAT(said_, IsEmpty());
}

TEST_F(DownloaderTest, BrokenConnectionsAreResumed) {
  // Each answer ends after 100000 bytes.
  Serve("/a", [this](const httplib::Request& request, auto& response) {
    const size_t first = request.ranges.empty() ? 0 : request.ranges[0].first;
    response.set_header("ETag", "\"v1\"");
    if (first < 200000) Break(response, payload_, first, 100000);
    return first < 200000;
  });
  server_.Start();
  AddSource("/a");
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
  EXPECT_THAT(ranges_, ElementsAre("", "bytes=100000-", "bytes=200000-"));
  EXPECT_THAT(if_ranges_, ElementsAre("", "\"v1\"", "\"v1\""));
  EXPECT_THAT(said_, SizeIs(2));
}

TEST_F(DownloaderTest, AnotherProcessGoesOnFromThePart) {
  Serve("/a", [](const httplib::Request&, auto& response) {
    response.set_header("Last-Modified", "Thu, 01 Jan 2015 00:00:00 GMT");
    return false;
  });
  server_.Start();
  AddSource("/a");
  Write(".part", payload_.substr(0, 1234));
  Write(".tag.part", server_.Url("/a") + "\nThu, 01 Jan 2015 00:00:00 GMT");
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
  EXPECT_THAT(ranges_, ElementsAre("bytes=1234-"));
  EXPECT_THAT(if_ranges_, ElementsAre("Thu, 01 Jan 2015 00:00:00 GMT"));
}

TEST_F(DownloaderTest, AChangedFileBeginsAnew) {
  Serve("/a", [](const httplib::Request& request, auto& response) {
    response.set_header("ETag", "\"v2\"");
    // The part is of version 1: all of version 2 is sent.
    if (request.get_header_value("If-Range") != "\"v2\"") {
      const_cast<httplib::Request&>(request).ranges.clear();
    }
    return false;
  });
  server_.Start();
  AddSource("/a");
  Write(".part", std::string(5000, 'x'));
  Write(".tag.part", server_.Url("/a") + "\n\"v1\"");
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
  EXPECT_THAT(if_ranges_, ElementsAre("\"v1\""));
}

TEST_F(DownloaderTest, PartsThatDoNotFitTogetherBeginAnew) {
  Serve("/a");  // Without any mark of its version.
  server_.Start();
  AddSource("/a");
  Write(".part", std::string(5000, 'x'));
  Write(".tag.part", server_.Url("/a") + "\n");
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
  EXPECT_THAT(ranges_, ElementsAre("bytes=5000-", ""));
}

TEST_F(DownloaderTest, APartOfAnotherAddressIsKeptOnlyWhereAHashWillJudge) {
  Serve("/a");
  server_.Start();
  AddSource("/a");
  Write(".part", payload_.substr(0, 5000));
  Write(".tag.part", "http://elsewhere/a\n\"v1\"");
  EXPECT_EQ(Download(), absl::OkStatus());
  EXPECT_THAT(ranges_, ElementsAre(""));

  fs::remove(path_);
  item_.set_sha256("judged by the verifier");
  Write(".part", payload_.substr(0, 5000));
  Write(".tag.part", "http://elsewhere/a\n\"v1\"");
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
  EXPECT_THAT(ranges_, ElementsAre("", "bytes=5000-"));
  EXPECT_THAT(if_ranges_, ElementsAre("", ""));
}

TEST_F(DownloaderTest, ACompletePartNeedsOnlyItsName) {
  server_.Start();
  AddSource("/a");
  item_.set_size(payload_.size());
  Write(".part", payload_);
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
}

TEST_F(DownloaderTest, ACompletePartOfUnknownSize) {
  Serve("/a", [this](const httplib::Request& request, auto& response) {
    if (request.ranges.empty()) return false;
    const_cast<httplib::Request&>(request).ranges.clear();
    response.status = 416;
    response.set_header("Content-Range",
                        absl::StrCat("bytes */", payload_.size()));
    return true;
  });
  server_.Start();
  AddSource("/a");
  Write(".part", payload_);
  Write(".tag.part", server_.Url("/a") + "\n\"v1\"");
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();

  // Longer than what the server has: from the start.
  fs::remove(path_);
  Write(".part", payload_ + "more");
  Write(".tag.part", server_.Url("/a") + "\n\"v1\"");
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
}

TEST_F(DownloaderTest, ServersWithoutRangesSendTheWholeAgain) {
  Serve("/a", [this](const httplib::Request& request, auto& response) {
    const_cast<httplib::Request&>(request).ranges.clear();
    if (ranges_.size() > 1) return false;
    Break(response, payload_, 0, 100000);
    return true;
  });
  server_.Start();
  AddSource("/a");
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
  EXPECT_THAT(ranges_, ElementsAre("", "bytes=100000-"));
}

TEST_F(DownloaderTest, AnotherRangeThanAskedForIsNotAppended) {
  Serve("/a", [this](const httplib::Request& request, auto& response) {
    if (request.ranges.empty()) return false;
    const_cast<httplib::Request&>(request).ranges.clear();
    response.status = 206;
    response.set_header("Content-Range",
                        absl::StrCat("bytes 0-99/", payload_.size()));
    response.set_content(payload_.substr(0, 100), kBinary);
    return true;
  });
  server_.Start();
  AddSource("/a");
  Write(".part", payload_.substr(0, 5000));
  Write(".tag.part", server_.Url("/a") + "\n\"v1\"");
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
}

TEST_F(DownloaderTest, PassingErrorsAreTriedAgain) {
  std::atomic<int> calls{0};
  Serve("/a", [&](const httplib::Request&, auto& response) {
    const int statuses[] = {503, 500, 429};
    const int call = calls++;
    if (call >= 3) return false;
    response.status = statuses[call];
    return true;
  });
  server_.Start();
  AddSource("/a");
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
  EXPECT_THAT(
      said_, ElementsAre(HasSubstr("503"), HasSubstr("500"), HasSubstr("429")));
}

TEST_F(DownloaderTest, RetryAfterIsObeyedUpToALimit) {
  std::atomic<int> calls{0};
  Serve("/a", [&](const httplib::Request&, auto& response) {
    if (calls++ > 0) return false;
    response.status = 429;
    response.set_header("Retry-After", "1");
    return true;
  });
  Serve("/later", [](const httplib::Request&, auto& response) {
    response.status = 503;
    response.set_header("Retry-After", "3600");
    return true;
  });
  server_.Start();
  AddSource("/later");
  AddSource("/a");
  const absl::Time start = absl::Now();
  EXPECT_EQ(Download(), absl::OkStatus());
  const absl::Duration took = absl::Now() - start;
  EXPECT_GE(took, absl::Milliseconds(950));
  EXPECT_LT(took, absl::Seconds(30));
  ExpectPayload();
}

TEST_F(DownloaderTest, TriesAreLimited) {
  Serve("/a", [](const httplib::Request&, auto& response) {
    response.status = 503;
    return true;
  });
  server_.Start();
  AddSource("/a");
  const absl::Status status = Download();
  EXPECT_THAT(status.ToString(), HasSubstr("/a: HTTP 503"));
  EXPECT_THAT(ranges_, SizeIs(options_.tries));
  ExpectNothing();
}

TEST_F(DownloaderTest, MirrorsFollowWhereASourceRefuses) {
  for (const int code : {403, 404, 410}) {
    Serve(absl::StrCat("/", code),
          [code](const httplib::Request&, auto& response) {
            response.status = code;
            response.set_content("<html><title>Go away</title>", "text/html");
            return true;
          });
    AddSource(absl::StrCat("/", code));
  }
  Serve("/a");
  server_.Start();
  EXPECT_THAT(Download().ToString(),
              AllOf(HasSubstr("/403: HTTP 403"), HasSubstr("'Go away'"),
                    HasSubstr("/410: HTTP 410"), HasSubstr("by hand: open "),
                    HasSubstr(path_)));
  ExpectNothing();
  AddSource("/a");
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
}

TEST_F(DownloaderTest, WrongLengthIsRefusedBeforeItArrives) {
  Serve("/a");
  server_.Start();
  AddSource("/a");
  item_.set_size(payload_.size() + 1);
  EXPECT_THAT(Download().ToString(), HasSubstr("has 300000 bytes, expected"));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(DownloaderTest, WrongLengthThatIsNotAnnounced) {
  Serve("/chunks", [this](const httplib::Request&, auto& response) {
    response.set_chunked_content_provider(
        kBinary, [this](size_t offset, httplib::DataSink& sink) {
          if (offset == 0) sink.write(payload_.data(), payload_.size());
          sink.done();
          return true;
        });
    return true;
  });
  server_.Start();
  AddSource("/chunks");
  item_.set_size(payload_.size() - 1);
  EXPECT_THAT(Download().ToString(), HasSubstr("more than the expected"));
  ExpectNothing();
  item_.set_size(0);
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
}

TEST_F(DownloaderTest, OtherBytesAreNotKept) {
  Serve("/a", [this](const httplib::Request&, auto& response) {
    std::string bytes = payload_;
    bytes[7] ^= 1;
    response.set_content(bytes, kBinary);
    return true;
  });
  server_.Start();
  AddSource("/a");
  EXPECT_THAT(Download().ToString(), HasSubstr("published hash"));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(DownloaderTest, EmptyFilesAreRefused) {
  Serve("/a", [](const httplib::Request&, auto& response) {
    response.set_content("", kBinary);
    return true;
  });
  server_.Start();
  AddSource("/a");
  EXPECT_THAT(Download().ToString(), HasSubstr("empty file"));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(DownloaderTest, WebPagesAreNotKept) {
  Serve("/page", [](const httplib::Request&, auto& response) {
    response.set_content("<p><title>Sign in</title>", "text/html");
    return true;
  });
  Serve("/disguised", [](const httplib::Request&, auto& response) {
    response.set_content("<!DOCTYPE html><title>Gone</title>", kBinary);
    return true;
  });
  server_.Start();
  AddSource("/page");
  AddSource("/disguised");
  EXPECT_THAT(Download().ToString(),
              AllOf(HasSubstr("'Sign in'"), HasSubstr("'Gone'")));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(DownloaderTest, DriveConfirmationIsFollowedWithItsCookie) {
  Serve("/uc", [](const httplib::Request& request, auto& response) {
    if (request.get_param_value("confirm") == "t" &&
        request.get_header_value("Cookie") == "warned=yes") {
      return false;
    }
    response.set_header("Set-Cookie", "warned=yes; Path=/");
    response.set_content(
        "<html><form id=\"download-form\" action=\"/uc\">"
        "<input type=\"hidden\" name=\"confirm\" value=\"t\"></form></html>",
        "text/html");
    return true;
  });
  server_.Start();
  AddSource("/uc");
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
}

TEST_F(DownloaderTest, DriveQuotaIsNamedAndALoopEnds) {
  Serve("/quota", [](const httplib::Request&, auto& response) {
    response.set_content(
        "<html><title>Google Drive - Quota exceeded</title></html>",
        "text/html");
    return true;
  });
  Serve("/loop", [](const httplib::Request&, auto& response) {
    response.set_content(
        "<html><form id=\"download-form\" action=\"/loop\"></form></html>",
        "text/html");
    return true;
  });
  server_.Start();
  AddSource("/quota");
  AddSource("/loop");
  EXPECT_THAT(Download().ToString(),
              AllOf(HasSubstr("Drive's quota"), HasSubstr("by hand")));
  EXPECT_THAT(ranges_, SizeIs(3));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(DownloaderTest, RedirectsAreFollowedAndLoopsEnd) {
  Serve("/a");
  server_.server.Get("/to", [](const httplib::Request&, auto& response) {
    response.set_redirect("/a");
  });
  server_.server.Get("/round", [](const httplib::Request&, auto& response) {
    response.set_redirect("/round");
  });
  // /3 leads to /a by three of them.
  server_.server.Get("/([0-9]+)", [](const auto& request, auto& response) {
    const int left = std::stoi(request.matches[1]) - 1;
    response.set_redirect(left == 0 ? "/a" : absl::StrCat("/", left));
  });
  server_.Start();
  AddSource("/round");
  EXPECT_THAT(Download().ToString(), HasSubstr("redirects"));
  item_.clear_source();
  AddSource(absl::StrCat("/", kMaxRedirects + 1));
  EXPECT_THAT(Download().ToString(), HasSubstr("redirects"));
  item_.clear_source();
  AddSource(absl::StrCat("/", kMaxRedirects));
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
  fs::remove(path_);
  AddSource("/to");
  EXPECT_EQ(Download(), absl::OkStatus());
  ExpectPayload();
}

TEST_F(DownloaderTest, PlainHttpOnlyWhereAllowed) {
  Serve("/a");
  server_.Start();
  AddSource("/a");
  item_.mutable_source(0)->set_allow_http(false);
  EXPECT_THAT(Download().ToString(), HasSubstr("not allowed"));
  EXPECT_THAT(ranges_, IsEmpty());
}

TEST_F(DownloaderTest, RedirectsNeverReadLocalFiles) {
  Write(".secret", "local");
  server_.server.Get("/to", [this](const httplib::Request&, auto& response) {
    response.set_redirect("file://" + path_ + ".secret");
  });
  server_.Start();
  AddSource("/to");
  EXPECT_THAT(Download().ToString(), HasSubstr("not allowed"));
}

TEST_F(DownloaderTest, LocalFilesAsSource) {
  Write(".own", payload_);
  AddUrl("file://" + path_ + ".own");
  EXPECT_EQ(Download(), absl::OkStatus());
  EXPECT_EQ(ReadFile(path_).value(), payload_);
  fs::remove(path_);
  item_.mutable_source(0)->set_url("file://" + path_ + ".none");
  EXPECT_THAT(Download().ToString(),
              AllOf(HasSubstr(path_ + ".none"), Not(HasSubstr("by hand"))));
}

TEST_F(DownloaderTest, SlowServersAreLeft) {
  std::atomic<bool> end{false};
  Serve("/slow", [&](const httplib::Request&, auto& response) {
    response.set_content_provider(
        payload_.size(), kBinary,
        [&](size_t offset, size_t, httplib::DataSink& sink) {
          std::this_thread::sleep_for(std::chrono::milliseconds(100));
          return !end && sink.write(&payload_[offset], 1);
        });
    return true;
  });
  Serve("/a");
  server_.Start();
  AddSource("/slow");
  AddSource("/a");
  options_.tries = 2;
  EXPECT_EQ(Download(), absl::OkStatus());
  end = true;
  ExpectPayload();
  EXPECT_THAT(said_, ElementsAre(HasSubstr("too slow")));
}

TEST_F(DownloaderTest, UnreachableHostsAreLeftAtOnce) {
  AddUrl("https://no-such-host.invalid/a");
  AddUrl("https://no-such-host.invalid/b");
  AddUrl("http://127.0.0.1:1/a");
  Downloader downloader(options_);
  const absl::Time start = absl::Now();
  const absl::Status status = Download(&downloader);
  EXPECT_LT(absl::Now() - start, absl::Seconds(8));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(downloader.reached());
  EXPECT_THAT(downloader.unreachable_hosts(),
              ElementsAre("127.0.0.1", "no-such-host.invalid"));
  EXPECT_THAT(said_, IsEmpty());
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(DownloaderTest, SilentHostsShareOneBudget) {
  // Accepts no connection: its queue is full and nobody takes from it.
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 0), 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    connect(fillers.back(), reinterpret_cast<sockaddr*>(&address), size);
  }
  // More hosts than the budget lasts for, however the timeouts are rounded.
  for (int host = 1; host <= 8; ++host) {
    AddUrl(absl::StrCat("http://127.0.0.", host, ":", ntohs(address.sin_port),
                        "/a"));
  }
  options_.connect_timeout = absl::Seconds(1);
  options_.unreachable_budget = absl::Milliseconds(1500);
  const absl::Time start = absl::Now();
  EXPECT_THAT(Download().ToString(), HasSubstr("no network"));
  const absl::Duration took = absl::Now() - start;
  EXPECT_GE(took, absl::Milliseconds(1400));
  EXPECT_LT(took, absl::Seconds(6));
  for (const int fd : fillers) close(fd);
  close(listener);
}

TEST_F(DownloaderTest, NoSpaceEndsEverything) {
  Serve("/huge", [](const httplib::Request&, auto& response) {
    response.set_content_provider(size_t{1} << 60, kBinary,
                                  [](size_t, size_t, httplib::DataSink& sink) {
                                    return sink.write("x", 1);
                                  });
    return true;
  });
  Serve("/a");
  server_.Start();
  AddSource("/huge");
  AddSource("/a");
  const absl::Status status = Download();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(status.ToString(), HasSubstr("too little space"));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(DownloaderTest, UnwritableDirectoryIsNamed) {
  Serve("/a");
  server_.Start();
  AddSource("/a");
  path_ = (directory_ / "missing/file").string();
  EXPECT_THAT(Download().ToString(), HasSubstr(path_));
}

TEST_F(DownloaderTest, ItemsWithoutASourceSayWhatToDo) {
  item_.set_note("Ask its authors.");
  const absl::Status status = Download();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(status.ToString(),
              AllOf(HasSubstr("Ask its authors."), HasSubstr(path_)));
}

}  // namespace
}  // namespace fcis::data
