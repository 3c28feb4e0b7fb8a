// The API over the loopback, with a stand-in for the network.
#include "fcis/tools/serve/service.h"

#include <httplib.h>

#include <atomic>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/png.h"
#include "fcis/data/http/test_client.h"
#include "fcis/tools/serve/detect_query.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kWidth = 40, kHeight = 30;

std::string Png(int height = kHeight, int width = kWidth) {
  return data::EncodePng(Image(height, width)).value();
}

model::Detection Found(int label, float score) {
  model::Detection detection;
  detection.label = label;
  detection.score = score;
  detection.box = Box{2, 3, 12, 9};
  detection.mask =
      Tensor::FromSpan<float>({21, 21}, std::vector<float>(21 * 21, 1.0f));
  return detection;
}

rapidjson::Document Parse(const std::string& text) {
  rapidjson::Document json;
  json.Parse(text.c_str());
  EXPECT_FALSE(json.HasParseError()) << text;
  return json;
}

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() {
    config_.set_name("two");
    config_.add_classes()->set_name("cat");
    config_.add_classes()->set_name("dog");
    config_.mutable_classes(1)->set_category_id(18);
    options_.max_pixels = kWidth * kHeight;
    options_.max_body_bytes = http_.max_body_bytes;
    options_.max_uploads = http_.max_uploads;
  }

  void SetUp() override { Start(1); }

  void Start(size_t room) {
    server_ = nullptr;
    queue_ = std::make_unique<data::WorkQueue>(1, room);
    const DetectWith detect = [this](const Image&,
                                     const PostprocessConfig& post)
        -> absl::StatusOr<std::vector<model::Detection>> {
      if (before_) before_();
      std::vector<model::Detection> found;
      for (const auto& one : {Found(1, 0.9f), Found(2, 0.4f)}) {
        if (one.score > post.score_thresh()) found.push_back(one);
      }
      found.resize(found.size() * copies_,
                   found.empty() ? Found(1, 1) : found[0]);
      return found;
    };
    routes_ = MakeRoutes(options_, config_, detect, queue_.get(), &metrics_);
    auto server = data::HttpServer::Create(
        http_, routes_,
        [this](const data::Served& served) { metrics_.CountRequest(served); });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    server_->Start();
  }

  httplib::Client Client() const {
    httplib::Client client("127.0.0.1", server_->port());
    client.set_read_timeout(60);
    return client;
  }
  httplib::Result Post(const std::string& body, const std::string& query = "") {
    return Client().Post(absl::StrCat("/detect", query), body, "image/png");
  }
  void ExpectError(const httplib::Result& result, int status,
                   const std::string& message) {
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, status) << result->body;
    const auto json = Parse(result->body);
    EXPECT_EQ(json["error"]["code"].GetInt(), status);
    EXPECT_THAT(json["error"]["message"].GetString(), HasSubstr(message));
  }

  ModelConfig config_;
  ServiceOptions options_;
  data::HttpOptions http_;
  Metrics metrics_;
  std::function<void()> before_;
  size_t copies_ = 1;  // of what is found
  std::unique_ptr<data::WorkQueue> queue_;
  std::vector<data::Route> routes_;
  std::unique_ptr<data::HttpServer> server_;
};

TEST_F(ServiceTest, OnePicture) {
  const auto result = Post(Png());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200);
  const auto json = Parse(result->body);
  ASSERT_EQ(json["pictures"].Size(), 1u);
  const auto& instances = json["pictures"][0]["instances"];
  ASSERT_EQ(instances.Size(), 1u);
  EXPECT_STREQ(instances[0]["class"].GetString(), "cat");
  EXPECT_EQ(instances[0]["area"].GetInt(), 60);
}

TEST_F(ServiceTest, QueriesReachTheDetector) {
  const auto count = [&](const std::string& query) {
    const auto result = Post(Png(), query);
    EXPECT_EQ(result->status, 200) << result->body;
    return Parse(result->body)["pictures"][0]["instances"].Size();
  };
  EXPECT_EQ(count("?score_thresh=0.3"), 2u);
  EXPECT_EQ(count("?score_thresh=0.95"), 0u);
  EXPECT_EQ(count("?score_thresh=0.3&classes=dog"), 1u);
  ExpectError(Post(Png(), "?score_thresh=2"), 400, "score_thresh is '2'");
  ExpectError(Post(Png(), "?size=2"), 400, "no parameter 'size'");
}

TEST_F(ServiceTest, Drawn) {
  const auto result = Post(Png(), "?format=png");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->get_header_value("Content-Type"), "image/png");
  EXPECT_EQ(data::DecodeImage(result->body)->width, kWidth);
}

// Masks of very many would take all the memory.
TEST_F(ServiceTest, DrawnUpToALimit) {
  copies_ = 80;  // of 60 pixels, of four times 1200
  EXPECT_EQ(Post(Png(), "?format=png")->status, 200);
  copies_ = 81;
  ExpectError(Post(Png(), "?format=png"), 422, "81 instances are too many");
  EXPECT_EQ(Post(Png())->status, 200);
}

TEST_F(ServiceTest, SeveralFiles) {
  const httplib::MultipartFormDataItems two = {
      {"file", Png(), "a.png", "image/png"},
      {"file", Png(10, 20), "b.png", "image/png"}};
  const auto result = Client().Post("/detect", two);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200);
  const auto json = Parse(result->body);
  ASSERT_EQ(json["pictures"].Size(), 2u);
  EXPECT_STREQ(json["pictures"][1]["name"].GetString(), "b.png");
  EXPECT_EQ(json["pictures"][1]["width"].GetInt(), 20);
  ExpectError(Client().Post("/detect?format=png", two), 400, "one picture");
  const httplib::MultipartFormDataItems bad = {
      {"file", Png(), "a.png", "image/png"}, {"file", "x", "bad.png", ""}};
  ExpectError(Client().Post("/detect", bad), 415, "bad.png: neither a JPEG");
}

TEST_F(ServiceTest, PicturesThatAreNone) {
  ExpectError(Post("hello"), 415, "neither a JPEG nor a PNG");
  ExpectError(Post("GIF89a......."), 415, "neither a JPEG nor a PNG");
  ExpectError(Post(Png().substr(0, 40)), 422, "");
  ExpectError(Post(Png().substr(0, Png().size() - 20)), 422, "");
  ExpectError(Post("\xff\xd8\xff\xe0 nothing more"), 422, "");
  EXPECT_EQ(Post(Png())->status, 200);
}

// The pixels that a file promises, not its bytes, take memory.
TEST_F(ServiceTest, PixelsUpToTheLimit) {
  EXPECT_EQ(Post(Png(kHeight, kWidth))->status, 200);
  ExpectError(Post(Png(kHeight, kWidth + 1)), 422, "41x30 pixels");
  const std::string bomb = Png(2000, 3000);
  ExpectError(Post(bomb), 422, "expected at most 1200");
  ExpectError(
      Client().Post("/detect",
                    httplib::MultipartFormDataItems{{"f", Png(), "a", ""},
                                                    {"f", bomb, "bomb", ""}}),
      422, "bomb: 3000x2000 pixels");
}

TEST_F(ServiceTest, FullQueue) {
  absl::Notification begun, go;
  before_ = [&] {
    if (!begun.HasBeenNotified()) begun.Notify();
    go.WaitForNotification();
  };
  std::vector<std::thread> clients;
  clients.emplace_back([this] { EXPECT_EQ(Post(Png())->status, 200); });
  begun.WaitForNotification();
  clients.emplace_back([this] { EXPECT_EQ(Post(Png())->status, 200); });
  while (queue_->waiting() == 0) std::this_thread::yield();
  const auto refused = Post(Png());
  ExpectError(refused, 503, "too many requests");
  EXPECT_EQ(refused->get_header_value("Retry-After"), "1");
  // What needs no network is answered all the same.
  EXPECT_EQ(Client().Get("/healthz")->status, 200);
  go.Notify();
  for (std::thread& client : clients) client.join();
}

TEST_F(ServiceTest, WhoWaitsTooLong) {
  http_.request_time = absl::Seconds(2);
  Start(1);
  absl::Notification begun, go;
  before_ = [&] {
    if (!begun.HasBeenNotified()) begun.Notify();
    go.WaitForNotification();
  };
  std::thread first([this] { EXPECT_EQ(Post(Png())->status, 200); });
  begun.WaitForNotification();
  ExpectError(Post(Png()), 503, "wait for too long");
  go.Notify();
  first.join();
}

TEST_F(ServiceTest, TimeIsUpBetweenPictures) {
  http_.request_time = absl::Seconds(2);
  Start(1);
  int searched = 0;
  before_ = [&] {
    ++searched;
    absl::SleepFor(http_.request_time);
  };
  const httplib::MultipartFormDataItems three = {
      {"file", Png(), "a.png", "image/png"},
      {"file", Png(), "b.png", "image/png"},
      {"file", Png(), "c.png", "image/png"}};
  ExpectError(Client().Post("/detect", three), 503,
              "time was up after 1 of 3 pictures");
  EXPECT_EQ(searched, 1);
}

TEST_F(ServiceTest, NobodySearchesForWhoLeft) {
  absl::Notification begun, go;
  std::atomic<int> searched{0};
  before_ = [&] {
    ++searched;
    if (!begun.HasBeenNotified()) begun.Notify();
    go.WaitForNotification();
  };
  std::thread first([this] { EXPECT_EQ(Post(Png())->status, 200); });
  begun.WaitForNotification();
  {
    data::TestClient leaves(server_->port());
    const std::string png = Png();
    leaves.Send(absl::StrCat("POST /detect HTTP/1.1\r\nHost: localhost\r\n",
                             "Content-Length: ", png.size(), "\r\n\r\n", png));
    while (queue_->waiting() == 0) std::this_thread::yield();
  }
  while (queue_->waiting() > 0) std::this_thread::yield();
  go.Notify();
  first.join();
  EXPECT_EQ(searched, 1);
}

TEST_F(ServiceTest, ADetectorThatFailsOrThrows) {
  before_ = [] { throw std::bad_alloc(); };
  ExpectError(Post(Png()), 500, "could not be worked on");
  before_ = nullptr;
  EXPECT_EQ(Post(Png())->status, 200);
}

TEST_F(ServiceTest, DrainWithARequestInFlight) {
  absl::Notification begun, go;
  before_ = [&] {
    begun.Notify();
    go.WaitForNotification();
  };
  std::thread client([this] { EXPECT_EQ(Post(Png())->status, 200); });
  begun.WaitForNotification();
  std::thread drain([this] { server_->Drain(); });
  go.Notify();
  client.join();
  drain.join();
}

TEST_F(ServiceTest, Model) {
  const auto json = Parse(Client().Get("/model")->body);
  EXPECT_STREQ(json["name"].GetString(), "two");
  EXPECT_STREQ(json["classes"][1]["name"].GetString(), "dog");
  EXPECT_EQ(json["max_pixels"].GetInt(), kWidth * kHeight);
  EXPECT_FALSE(json["needs_token"].GetBool());
}

TEST_F(ServiceTest, Metrics) {
  Post(Png());
  Post("x");
  // A request is counted once its answer is out, which the client may have by
  // then.
  std::string metrics;
  do {
    metrics = Client().Get("/metrics")->body;
  } while (!absl::StrContains(metrics, "/detect\",code=\"200\"}") ||
           !absl::StrContains(metrics, "/detect\",code=\"415\"}"));
  EXPECT_THAT(
      metrics,
      AllOf(HasSubstr("fcis_requests_total{route=\"/detect\",code=\"200\"} 1"),
            HasSubstr("fcis_requests_total{route=\"/detect\",code=\"415\"} 1"),
            HasSubstr("fcis_pictures_total 1\n"),
            HasSubstr("fcis_instances_total 1\n")));
}

TEST_F(ServiceTest, TokenForAllButThePage) {
  http_.access.token = "0123456789abcdef";
  options_.needs_token = true;
  Start(1);
  for (const char* path : {"/", "/model", "/healthz", "/openapi.json"}) {
    EXPECT_EQ(Client().Get(path)->status, 200) << path;
  }
  EXPECT_EQ(Client().Get("/metrics")->status, 401);
  ExpectError(Post(Png()), 401, "Bearer");
  httplib::Client client = Client();
  client.set_bearer_token_auth(http_.access.token.c_str());
  EXPECT_EQ(client.Post("/detect", Png(), "image/png")->status, 200);
  EXPECT_TRUE(Parse(Client().Get("/model")->body)["needs_token"].GetBool());
}

// The page brings all that it needs.
TEST_F(ServiceTest, ThePageLoadsNothingFromElsewhere) {
  const auto page = Client().Get("/");
  ASSERT_TRUE(page);
  EXPECT_THAT(page->body,
              AllOf(HasSubstr("<!DOCTYPE html>"), Not(HasSubstr("http://")),
                    Not(HasSubstr("https://"))));
  EXPECT_THAT(page->get_header_value("Content-Security-Policy"),
              HasSubstr("default-src 'none'"));
}

// ---- The document against what it describes ---------------------------------

class OpenApiTest : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    document_.Parse(Client().Get("/openapi.json")->body.c_str());
    ASSERT_FALSE(document_.HasParseError());
  }

  const rapidjson::Value& Schema(const std::string& name) const {
    return document_["components"]["schemas"][name.c_str()];
  }

  // Every member that `value` has, and no other, is in the schema; those that
  // are required are there.
  void ExpectDescribed(const rapidjson::Value& value, const std::string& name) {
    std::set<std::string> known, has;
    for (const auto& m : Schema(name)["properties"].GetObject()) {
      known.insert(m.name.GetString());
    }
    for (const auto& m : value.GetObject()) {
      has.insert(m.name.GetString());
      EXPECT_TRUE(known.count(m.name.GetString()))
          << name << "." << m.name.GetString();
    }
    for (const auto& required : Schema(name)["required"].GetArray()) {
      EXPECT_TRUE(has.count(required.GetString()))
          << name << "." << required.GetString();
    }
  }

  rapidjson::Document document_;
};

TEST_F(OpenApiTest, RoutesAreThose) {
  std::set<std::string> described, served;
  for (const auto& path : document_["paths"].GetObject()) {
    for (const auto& method : path.value.GetObject()) {
      described.insert(
          absl::StrCat(absl::AsciiStrToUpper(method.name.GetString()), " ",
                       path.name.GetString(),
                       method.value.HasMember("requestBody") ? " body" : "",
                       method.value.HasMember("security") ? " public" : ""));
    }
  }
  for (const data::Route& route : routes_) {
    served.insert(absl::StrCat(route.method, " ", route.path,
                               route.takes_body ? " body" : "",
                               route.is_public ? " public" : ""));
  }
  EXPECT_EQ(described, served);
  EXPECT_EQ(std::string(document_["openapi"].GetString()).substr(0, 2), "3.");
  EXPECT_THAT(document_["info"]["version"].GetString(), Not(HasSubstr("$")));
}

TEST_F(OpenApiTest, ParametersAreThose) {
  std::set<std::string> described;
  for (const auto& parameter :
       document_["paths"]["/detect"]["post"]["parameters"].GetArray()) {
    const std::string name = parameter["name"].GetString();
    described.insert(name);
    // Each value of a list, and the ends of a range, are accepted.
    const auto& schema = parameter["schema"];
    std::vector<std::string> values;
    if (schema.HasMember("enum")) {
      for (const auto& v : schema["enum"].GetArray()) {
        values.emplace_back(v.GetString());
      }
    } else if (schema.HasMember("minimum")) {
      values = {absl::StrCat(schema["minimum"].GetInt()),
                absl::StrCat(schema["maximum"].GetInt())};
    } else {
      values = {"cat"};
    }
    for (const std::string& value : values) {
      EXPECT_EQ(Post(Png(), absl::StrCat("?", name, "=", value))->status, 200)
          << name << "=" << value;
    }
  }
  const std::vector<std::string> parameters = DetectParameters();
  EXPECT_EQ(described,
            std::set<std::string>(parameters.begin(), parameters.end()));
}

TEST_F(OpenApiTest, AnswersAreAsDescribed) {
  const auto found = Parse(Post(Png())->body);
  ExpectDescribed(found, "Found");
  ExpectDescribed(found["pictures"][0], "Picture");
  const auto& instance = found["pictures"][0]["instances"][0];
  ExpectDescribed(instance, "Instance");
  ExpectDescribed(instance["segmentation"], "Rle");
  ExpectDescribed(Parse(Client().Get("/model")->body), "Model");
  ExpectDescribed(Parse(Post("x")->body), "Error");
}

TEST_F(OpenApiTest, StatusesAreListed) {
  const auto& answers = document_["paths"]["/detect"]["post"]["responses"];
  for (const auto& [body, query] :
       std::vector<std::pair<std::string, std::string>>{
           {Png(), ""}, {Png(), "?x=1"}, {"x", ""}, {Png(99, 99), ""}}) {
    const int status = Post(body, query)->status;
    EXPECT_TRUE(answers.HasMember(absl::StrCat(status).c_str())) << status;
  }
}

TEST(LogLineTest, OneLine) {
  data::Served served;
  served.peer = "127.0.0.1";
  served.method = "POST";
  served.path = "/detect";
  served.status = 200;
  served.bytes_in = 1234;
  served.bytes_out = 5678;
  served.time = absl::Milliseconds(90);
  EXPECT_THAT(LogLine(absl::UnixEpoch(), served),
              HasSubstr(":00.000 127.0.0.1 POST /detect 200, 1234 bytes in, "
                        "5678 out, 90 ms"));
  EXPECT_THAT(LogLine(absl::UnixEpoch(), data::Served()),
              HasSubstr(" - - 0, "));
}

}  // namespace
}  // namespace fcis::tools
