// HTTP as hostile clients speak it. Also tests connection and connection_pool.
#include "fcis/data/http/http_server.h"

#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/config/limits.h"
#include "fcis/data/http/connection.h"
#include "fcis/data/http/connection_pool.h"
#include "fcis/data/http/test_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr size_t kMaxBody = 1000;
// More than the system keeps for who does not read.
constexpr size_t kLarge = size_t{1} << 25;

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() {
    options_.max_connections = 4;
    options_.max_body_bytes = kMaxBody;
    options_.max_all_bodies_bytes = kMaxBody + 500;
    options_.max_uploads = 3;
    options_.late = absl::ZeroDuration();
  }

  // POST /echo answers the sizes of what it got, GET /wait when `go_` says so,
  // GET /large with kLarge bytes.
  void Start() {
    std::vector<Route> routes(4);
    routes[0] = {"GET", "/hello", [](const HttpRequest& request) {
                   HttpResponse response;
                   response.type = "text/plain";
                   response.body = "hello";
                   for (const auto& [name, value] : request.query) {
                     absl::StrAppend(&response.body, " ", name, "=", value);
                   }
                   return response;
                 }};
    routes[1] = {"POST", "/echo", [](const HttpRequest& request) {
                   HttpResponse response;
                   for (const Upload& upload : request.uploads) {
                     absl::StrAppend(&response.body, "[", upload.name, ":",
                                     upload.bytes.size(), "]");
                   }
                   return response;
                 }};
    routes[1].takes_body = true;
    routes[2] = {"GET", "/wait", [this](const HttpRequest&) {
                   begun_.Notify();
                   go_.WaitForNotification();
                   HttpResponse response;
                   response.body = "waited";
                   return response;
                 }};
    routes[3] = {"GET", "/large", [](const HttpRequest&) {
                   HttpResponse response;
                   response.body.assign(kLarge, 'x');
                   return response;
                 }};
    auto server =
        HttpServer::Create(options_, routes, [this](const Served& served) {
          const std::lock_guard<std::mutex> lock(mutex_);
          served_.push_back(served);
        });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    server_->Start();
  }

  int port() const { return server_->port(); }
  std::string Get(const std::string& path, const std::string& headers = "") {
    return Ask(port(), absl::StrCat("GET ", path, " HTTP/1.1\r\n", headers));
  }
  std::string Post(const std::string& headers, const std::string& body) {
    return Ask(port(), absl::StrCat("POST /echo HTTP/1.1\r\n", headers), body);
  }
  std::string PostSized(const std::string& body,
                        const std::string& headers = "") {
    return Post(absl::StrCat("Content-Length: ", body.size(), "\r\n", headers),
                body);
  }
  std::string PostForm(const std::string& body) {
    return PostSized(body,
                     "Content-Type: multipart/form-data; boundary=xx\r\n");
  }
  static std::string Part(const std::string& name, const std::string& bytes) {
    return absl::StrCat(
        "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"",
        name, "\"\r\nContent-Type: image/png\r\n\r\n", bytes, "\r\n");
  }

  // After whatever was done to it.
  void ExpectStillServes() {
    EXPECT_THAT(Get("/hello"), EndsWith("\r\n\r\nhello"));
  }

  HttpOptions options_;
  absl::Notification begun_, go_;
  std::mutex mutex_;
  std::deque<Served> served_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, Routes) {
  Start();
  const std::string hello = Get("/hello?b=%20x&a=1");
  EXPECT_EQ(StatusOf(hello), 200);
  EXPECT_THAT(hello, AllOf(EndsWith("hello a=1 b= x"),
                           HasSubstr("X-Content-Type-Options: nosniff"),
                           HasSubstr("Content-Type: text/plain")));
  TestClient head(port());
  head.Send("HEAD /hello HTTP/1.0\r\nHost: localhost\r\n\r\n");
  std::string answer = head.Response();
  EXPECT_EQ(StatusOf(answer), 200);
  EXPECT_THAT(answer, Not(HasSubstr("hello")));
  EXPECT_EQ(StatusOf(Get("/nothing")), 404);
  EXPECT_THAT(Get("/echo"), HasSubstr("Allow: POST"));
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"}) {
    EXPECT_EQ(
        StatusOf(Ask(port(), absl::StrCat(method, " /hello HTTP/1.1\r\n"))),
        405)
        << method;
  }
  EXPECT_EQ(StatusOf(Ask(port(), "BREW /hello HTTP/1.1\r\n")), 400);
}

TEST_F(HttpServerTest, ErrorsAreJson) {
  Start();
  for (const std::string& response :
       {Get("/nothing"), Get("/echo"), Post("", ""),
        Ask(port(), "nonsense\r\n"),
        Get(absl::StrCat("/", std::string(9000, 'a')))}) {
    EXPECT_THAT(response, AllOf(HasSubstr("Content-Type: application/json"),
                                HasSubstr("{\"error\":{\"code\":4")));
  }
}

TEST_F(HttpServerTest, OneConnectionForManyRequests) {
  Start();
  TestClient client(port());
  for (int i = 0; i < 3; ++i) {
    client.Send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client.Response(), EndsWith("hello"));
  }
  // Pipelined, the second with a body.
  client.Send(
      "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
      "GET /hello?x=y HTTP/1.1\r\nHost: localhost\r\nConnection: "
      "Close\r\n\r\n");
  EXPECT_THAT(client.Response(), EndsWith("hello"));
  EXPECT_THAT(client.Response(), EndsWith("[:3]"));
  EXPECT_THAT(client.Response(), EndsWith("hello x=y"));
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(HttpServerTest, BodiesUpToTheLimit) {
  Start();
  EXPECT_THAT(PostSized(std::string(kMaxBody, 'a')), EndsWith("[:1000]"));
  EXPECT_EQ(StatusOf(PostSized(std::string(kMaxBody + 1, 'a'))), 413);
  // Nobody reads what is declared.
  EXPECT_EQ(StatusOf(Post("Content-Length: 99999999999999\r\n", "a")), 413);
  EXPECT_EQ(StatusOf(Post("Content-Length: 0\r\n", "")), 400);
  EXPECT_EQ(StatusOf(Post("", "")), 411);
  ExpectStillServes();
}

TEST_F(HttpServerTest, ChunkedUpToTheLimit) {
  Start();
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  EXPECT_THAT(Post(chunked, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
              EndsWith("[:5]"));
  EXPECT_THAT(Post(chunked, absl::StrCat("3e8\r\n", std::string(1000, 'a'),
                                         "\r\n0\r\n\r\n")),
              EndsWith("[:1000]"));
  EXPECT_EQ(
      StatusOf(Post(chunked, absl::StrCat("3e9\r\n", std::string(1001, 'a'),
                                          "\r\n0\r\n\r\n"))),
      413);
  EXPECT_EQ(StatusOf(Post(chunked, "nonsense\r\n\r\n")), 400);
  EXPECT_EQ(StatusOf(Post(chunked, "ffffffffffffffffffff\r\n\r\n")), 400);
  // Chunks that never carry anything.
  std::string lines = "1\r\na\r\n";
  for (int i = 0; i < 20000; ++i) absl::StrAppend(&lines, "000000000000");
  EXPECT_THAT(StatusOf(Post(chunked, lines)), AnyOf(400, 413));
  ExpectStillServes();
}

TEST_F(HttpServerTest, ABodyWithoutOneClearLength) {
  Start();
  for (const char* headers :
       {"Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: -3\r\n", "Content-Length: 3x\r\n",
        "Content-Length: 0x3\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
    const std::string response = Post(headers, "abc");
    EXPECT_EQ(StatusOf(response), 400) << headers;
    EXPECT_THAT(response, HasSubstr("Connection: close")) << headers;
  }
}

// What is no part of a request is not taken for the next one.
TEST_F(HttpServerTest, ABodyThatNobodyAskedForEndsTheConnection) {
  Start();
  for (const char* line : {"GET /hello", "POST /nothing", "POST /hello"}) {
    TestClient client(port());
    client.Send(absl::StrCat(
        line, " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 55\r\n\r\n",
        "GET /hello?smuggled=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    EXPECT_THAT(client.Response(), Not(HasSubstr("smuggled"))) << line;
    client.EndSending();
    EXPECT_TRUE(client.IsClosed()) << line;
  }
}

TEST_F(HttpServerTest, TypesOfBodies) {
  Start();
  for (const char* type :
       {"image/jpeg", "IMAGE/PNG", "application/octet-stream",
        "application/x-www-form-urlencoded"}) {
    EXPECT_THAT(PostSized("abc", absl::StrCat("Content-Type: ", type, "\r\n")),
                EndsWith("[:3]"))
        << type;
  }
  for (const char* header :
       {"Content-Type: application/json\r\n", "Content-Type: text/html\r\n",
        "Content-Encoding: gzip\r\n", "Content-Encoding: br\r\n"}) {
    EXPECT_EQ(StatusOf(PostSized("abc", header)), 415) << header;
  }
}

TEST_F(HttpServerTest, Forms) {
  Start();
  EXPECT_THAT(PostForm(absl::StrCat(Part("a.png", "abc"), Part("b.png", "de"),
                                    "--xx--\r\n")),
              EndsWith("[a.png:3][b.png:2]"));
  EXPECT_THAT(PostSized("--a b\r\nContent-Disposition: form-data; "
                        "name=\"n\"\r\n\r\nabc\r\n--a b--\r\n",
                        "Content-Type: multipart/form-data; "
                        "boundary=\"a b\"\r\n"),
              EndsWith("[n:3]"));
  // One file beyond the limit.
  std::string body;
  for (int i = 0; i < 3; ++i) body += Part("x", "1");
  EXPECT_EQ(StatusOf(PostForm(body + "--xx--\r\n")), 200);
  EXPECT_EQ(StatusOf(PostForm(body + Part("x", "1") + "--xx--\r\n")), 413);
}

TEST_F(HttpServerTest, FormsThatAreNone) {
  Start();
  const std::string long_name(900, 'n');
  for (const std::string& body :
       {std::string("abc"), std::string("--xx\r\n"), Part("a", "abc"),
        Part("a", "abc") + "--xx", Part("a", "abc") + "--yy--\r\n",
        std::string("--xx\r\n") + long_name, std::string("--xx--\r\n"),
        std::string("\r\n--xx--\r\n")}) {
    EXPECT_THAT(StatusOf(PostForm(body)), 400) << body;
  }
  EXPECT_EQ(StatusOf(PostSized("abc", "Content-Type: multipart/form-data\r\n")),
            400);
  EXPECT_EQ(StatusOf(PostSized(
                "abc", "Content-Type: multipart/form-data; boundary=\r\n")),
            400);
  ExpectStillServes();
}

TEST_F(HttpServerTest, TheHeadIsLimited) {
  Start();
  const std::string line = "GET /hello HTTP/1.1\r\n";
  const std::string end = "Host: localhost\r\n\r\n";  // which Ask adds
  std::string headers;
  for (int i = 0; i < 3; ++i) {
    absl::StrAppend(&headers, "a: ", std::string(5000, 'b'), "\r\n");
  }
  const size_t rest = kMaxHttpHead - line.size() - headers.size() - end.size();
  const auto with = [&](size_t bytes) {
    return absl::StrCat(headers, "c: ", std::string(bytes - 5, 'd'), "\r\n");
  };
  EXPECT_EQ(StatusOf(Get("/hello", with(rest))), 200);
  EXPECT_EQ(StatusOf(Get("/hello", with(rest + 1))), 431);
  ExpectStillServes();
}

TEST_F(HttpServerTest, TooMuchHead) {
  Start();
  std::string many;
  for (int i = 0; i < 3000; ++i) absl::StrAppend(&many, "a", i, ": b\r\n");
  // Later versions of cpp-httplib count the lines themselves.
  EXPECT_THAT(StatusOf(Get("/hello", many)), AnyOf(400, 431));
  EXPECT_THAT(StatusOf(Get("/hello", absl::StrCat("a: ", std::string(9000, 'b'),
                                                  "\r\n"))),
              AnyOf(400, 431));
  EXPECT_EQ(StatusOf(Get(absl::StrCat("/", std::string(9000, 'a')))), 414);
  EXPECT_THAT(StatusOf(Get(absl::StrCat("/", std::string(40000, 'a')))),
              AnyOf(414, 431));
  ExpectStillServes();
}

TEST_F(HttpServerTest, RangesAreNotHeeded) {
  Start();
  std::string ranges = "bytes=0-";
  for (int i = 0; i < 1000; ++i) ranges += ",0-";
  EXPECT_THAT(Get("/hello", "Range: bytes=1-2\r\n"), EndsWith("\r\nhello"));
  const std::string answer =
      Get("/hello", absl::StrCat("Range: ", ranges, "\r\n"));
  EXPECT_LT(answer.size(), 1000u);
  EXPECT_EQ(StatusOf(Get("/hello", "Range: nonsense\r\n")), 416);
  const std::string half = Get("/hello", "Range: bytes=0-1,3-0\r\n");
  EXPECT_EQ(StatusOf(half), 416);
  EXPECT_THAT(half, EndsWith("}\n"));
  ExpectStillServes();
}

TEST_F(HttpServerTest, ContinuesOnlyWhatIsWanted) {
  Start();
  const std::string expect = "Expect: 100-continue\r\n";
  TestClient client(port());
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n" +
      expect + "\r\n");
  EXPECT_EQ(StatusOf(client.Response()), 100);
  client.Send("abc");
  EXPECT_THAT(client.Response(), EndsWith("[:3]"));
  EXPECT_EQ(StatusOf(Post(expect + "Content-Length: 1001\r\n", "")), 413);
  EXPECT_EQ(
      StatusOf(Post(expect + "Content-Length: 3\r\nOrigin: http://a\r\n", "")),
      403);
}

TEST_F(HttpServerTest, TokenHostAndOrigin) {
  options_.access.token = "0123456789abcdef";
  Start();
  EXPECT_EQ(StatusOf(Get("/hello")), 401);
  EXPECT_THAT(Get("/hello"), HasSubstr("WWW-Authenticate: Bearer"));
  const std::string token = "Authorization: Bearer 0123456789abcdef\r\n";
  EXPECT_EQ(StatusOf(Get("/hello", token)), 200);
  // Nothing of a body is read for who has none.
  EXPECT_EQ(StatusOf(Post("Content-Length: 900\r\n", "")), 401);
  EXPECT_EQ(StatusOf(Get("/hello", token + "Origin: http://evil\r\n")), 403);
  TestClient client(port());
  client.Send("GET /hello HTTP/1.1\r\nHost: evil.example\r\n" + token + "\r\n");
  EXPECT_EQ(StatusOf(client.Response()), 421);
  EXPECT_EQ(StatusOf(Get("/hello", token + "Host: evil.example\r\n")), 400);
  TestClient none(port());
  none.Send("GET /hello HTTP/1.1\r\n" + token + "\r\n");
  EXPECT_EQ(StatusOf(none.Response()), 400);
}

TEST_F(HttpServerTest, MemoryOfAllBodiesIsBounded) {
  Start();
  // One that stays unfinished holds 900 of 1500 bytes. Where the second one's
  // bytes come before, it is refused itself, and begins again.
  std::optional<TestClient> slow;
  std::string second;
  do {
    if (!slow.has_value() || slow->HasBytes()) {
      slow.emplace(port());
      slow->Send(
          "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
          "1000\r\nExpect: 100-continue\r\n\r\n");
      EXPECT_EQ(StatusOf(slow->Response()), 100);
      slow->Send(std::string(900, 'a'));
    }
    second = PostSized(std::string(700, 'b'));
  } while (StatusOf(second) == 200);
  EXPECT_EQ(StatusOf(second), 503);
  EXPECT_THAT(second, HasSubstr("Retry-After: 1"));
  EXPECT_EQ(StatusOf(PostSized(std::string(500, 'b'))), 200);
  slow->Send(std::string(100, 'a'));
  EXPECT_THAT(slow->Response(), EndsWith("[:1000]"));
  EXPECT_EQ(StatusOf(PostSized(std::string(700, 'b'))), 200);
}

TEST_F(HttpServerTest, SlowHeadsAndBodiesEnd) {
  options_.head_time = absl::Milliseconds(500);
  options_.request_time = absl::Seconds(1);
  Start();
  TestClient head(port());
  head.Send("GET /hello HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(StatusOf(head.Response()), 408);
  TestClient body(port());
  body.Send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\na");
  EXPECT_EQ(StatusOf(body.Response()), 408);
  TestClient line(port());
  line.Send("GET /hel");
  EXPECT_EQ(StatusOf(line.Response()), 408);
  // Always something, never enough: waits for no byte long.
  TestClient drips(port());
  drips.Send("GET /hello HTTP/1.1\r\n");
  while (drips.Send("a: b\r\n")) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ExpectStillServes();
}

TEST_F(HttpServerTest, WhoSaysNothingIsLeft) {
  options_.idle_time = absl::Milliseconds(500);
  Start();
  TestClient silent(port());
  EXPECT_TRUE(silent.IsClosed());
  TestClient kept(port());
  kept.Send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(kept.Response(), EndsWith("hello"));
  EXPECT_TRUE(kept.IsClosed());
}

TEST_F(HttpServerTest, WhoReadsNothingIsLeft) {
  Start();
  EXPECT_GT(Get("/large").size(), kLarge);
  server_ = nullptr;
  served_.clear();
  options_.response_time = absl::Milliseconds(500);
  Start();
  TestClient deaf(port());
  deaf.Send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto is_reported = [this] {
    const std::lock_guard<std::mutex> lock(mutex_);
    return !served_.empty();
  };
  while (!is_reported()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const size_t got = deaf.Response().size();
  EXPECT_GT(got, 0u);
  EXPECT_LT(got, kLarge);
  ExpectStillServes();
}

TEST_F(HttpServerTest, ClientsThatLeaveEarly) {
  Start();
  for (const char* text :
       {"", "G", "GET /hello HTTP/1.1\r\n", "\r\n\r\n", "\x16\x03\x01\x02",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\na",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"}) {
    TestClient client(port());
    client.Send(text);
  }
  ExpectStillServes();
}

// More slow clients than there are threads keep nobody out.
TEST_F(HttpServerTest, SlowClientsGiveWay) {
  Start();
  std::deque<TestClient> slow;
  for (int i = 0; i < 12; ++i) {
    slow.emplace_back(port());
    slow.back().Send(i % 2 == 0 ? "GET /hello HTTP/1.1\r\n" : "");
    ExpectStillServes();
  }
  EXPECT_GE(server_->turned_away(), 8);
}

// The server lets them wait, not they the server.
TEST_F(HttpServerTest, WhoIsWorkedForKeepsItsPlace) {
  options_.max_connections = 1;
  Start();
  TestClient client(port());
  client.Send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  begun_.WaitForNotification();
  TestClient second(port());
  second.Send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  TestClient third(port());
  const std::string refusal = third.Response();
  EXPECT_EQ(StatusOf(refusal), 503);
  EXPECT_THAT(refusal, HasSubstr("Retry-After: 1"));
  EXPECT_TRUE(third.IsClosed());
  go_.Notify();
  EXPECT_THAT(client.Response(), EndsWith("waited"));
  EXPECT_THAT(second.Response(), EndsWith("hello"));
}

TEST_F(HttpServerTest, DrainAnswersWhatWasBegun) {
  Start();
  TestClient idle(port()), busy(port());
  idle.Send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(idle.Response(), EndsWith("hello"));
  busy.Send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  begun_.WaitForNotification();
  std::thread drain([this] { server_->Drain(); });
  EXPECT_TRUE(idle.IsClosed());
  go_.Notify();
  const std::string answer = busy.Response();
  EXPECT_EQ(StatusOf(answer), 200);
  EXPECT_THAT(answer, EndsWith("waited"));
  EXPECT_TRUE(busy.IsClosed());
  drain.join();
  TestClient late(port());
  EXPECT_TRUE(!late.connected() || late.IsClosed());
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(HttpServerTest, ReportsEachRequestWithoutItsQuery) {
  Start();
  Get("/hello?secret=1");
  Get("/no\ttab%0aline?secret=2");
  Ask(port(), "nonsense\r\n");
  Ask(port(), "G\x1bT /hello HTTP/1.1\r\n");
  server_->Drain();
  ASSERT_EQ(served_.size(), 4u);
  // In the order in which their threads got to it.
  const auto find = [this](const std::string& method, const std::string& path) {
    for (const Served& one : served_) {
      if (one.method == method && one.path == path) return one;
    }
    ADD_FAILURE() << method << " " << path;
    return Served();
  };
  const Served hello = find("GET", "/hello");
  EXPECT_EQ(hello.route, "/hello");
  EXPECT_EQ(hello.status, 200);
  EXPECT_EQ(hello.peer, "127.0.0.1");
  EXPECT_GT(hello.bytes_in, 0);
  EXPECT_GT(hello.bytes_out, 0);
  const Served unknown = find("GET", "/no\\ttab\\nline");
  EXPECT_EQ(unknown.route, "");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(find("nonsense", "").status, 400);
  EXPECT_EQ(find("G\\x1bT", "").status, 400);
}

// Byte by byte, so that none is ever waited for.
TEST(ConnectionTest, WhatIsThereCanBeTooLate) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  Connection connection(ends[0], -1, "");
  const auto read = [&](absl::Time deadline) {
    EXPECT_EQ(send(ends[1], "a", 1, 0), 1);
    connection.ExpectAtMost(kMaxBody, deadline);
    char byte;
    return connection.read(&byte, 1);
  };
  EXPECT_EQ(read(absl::InfiniteFuture()), 1);
  EXPECT_EQ(connection.end(), Connection::End::kNone);
  EXPECT_EQ(read(SteadyNow()), -1);
  EXPECT_EQ(connection.end(), Connection::End::kTimeout);
  close(ends[1]);
}

TEST(ListenOnTest, Errors) {
  const auto first = ListenOn("127.0.0.1", 0);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_GT(first->port, 0);
  EXPECT_EQ(first->address, "127.0.0.1");
  EXPECT_THAT(ListenOn("127.0.0.1", first->port).status().message(),
              AllOf(HasSubstr(absl::StrCat("port ", first->port)),
                    HasSubstr("in use")));
  close(first->fd);
  EXPECT_THAT(ListenOn("no.such.host.invalid", 0).status().message(),
              HasSubstr("no.such.host.invalid"));
  EXPECT_THAT(ListenOn("192.0.2.1", 0).status().message(),
              HasSubstr("192.0.2.1"));
  EXPECT_FALSE(ListenOn("127.0.0.1", -1).ok());
  EXPECT_FALSE(ListenOn("127.0.0.1", 65536).ok());
}

}  // namespace
}  // namespace fcis::data
