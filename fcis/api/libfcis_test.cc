// libfcis.so as a program of others meets it: loaded, not linked in.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cfenv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fcis/detector.h"
#include "fcis/mask.h"
#include "fcis/version.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::api {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr char kCat[] = "fcis/tools/images/cat.jpg";

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Bytes.
size_t AddressSpace() {
  std::ifstream file("/proc/self/statm");
  size_t pages = 0;
  file >> pages;
  return pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Small, so that it takes tens of milliseconds.
Detector Small(int threads) {
  DetectorOptions options;
  options.threads = threads;
  options.precision = "f32";
  options.min_size = 160;
  options.max_size = 320;
  options.score_threshold = 0.2;
  return Detector::Load(options).value();
}

std::string Answer(const Detector& detector) {
  return detector.DetectFile(kCat).value().ToCoco(1).value();
}

TEST(LibFcis, HasAVersion) {
  EXPECT_THAT(version(), MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

TEST(LibFcis, KnowsItsClasses) {
  const Detector detector = Small(2);
  ASSERT_EQ(detector.classes().size(), 4u);
  EXPECT_EQ(detector.classes()[0].name, "person");
  EXPECT_EQ(detector.classes()[2].category_id, 17);  // cat
  EXPECT_THAT(detector.Describe().value(), HasSubstr("cpu, f32, 2 threads"));
}

// Of the same thread and of others, with one thread each and with several.
TEST(LibFcis, ClonesAndThreadsGiveTheSame) {
  const Detector detector = Small(2);
  const std::string expected = Answer(detector);
  EXPECT_THAT(expected, HasSubstr("\"category_id\":17"));
  for (const int each : {1, 3}) {
    std::vector<std::string> answers(6);
    std::vector<std::thread> threads;
    for (std::string& answer : answers) {
      threads.emplace_back([&] {
        const Detector clone = detector.Clone(each).value();
        for (int i = 0; i < 2; ++i) answer = Answer(clone);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::string& answer : answers) EXPECT_EQ(answer, expected);
  }
}

TEST(LibFcis, OneDetectorIsForOneThreadAtATime) {
  const Detector detector = Small(1);
  int refused = 0, done = 0;
  std::vector<std::thread> threads;
  std::mutex mutex;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const Result<Instances> found = detector.DetectFile(kCat);
      const std::lock_guard<std::mutex> lock(mutex);
      ++(found.ok() ? done : refused);
      if (found.ok()) return;
      EXPECT_THAT(found.error().message, HasSubstr("clone"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(done, 1);
  EXPECT_EQ(done + refused, 8);
  EXPECT_TRUE(detector.DetectFile(kCat).ok());
}

// The parent's teams of threads are not there.
TEST(LibFcis, AForkedChildDetects) {
  const Detector detector = Small(2);
  const std::string expected = Answer(detector);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);  // rather than for ever
    const bool same =
        Answer(detector) == expected && Answer(Small(2)) == expected;
    _exit(same ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(Answer(detector), expected);
}

// Of a size that was seen before: where oneDNN compiles code for a new one, it
// does not look whether it got the memory.
TEST(LibFcis, OutOfMemoryIsAStatus) {
  const Detector detector = Small(2);
  const std::vector<uint8_t> gray(6000 * 6000);
  const Pixels<const uint8_t> picture = {gray.data(), 6000, 6000, FCIS_GRAY, 0};
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    const bool found = detector.Detect(picture).ok();
    int failed = 0;
    for (size_t mebibytes = 0; mebibytes <= 128; mebibytes += 16) {
      rlimit limit;
      getrlimit(RLIMIT_AS, &limit);
      limit.rlim_cur = AddressSpace() + (mebibytes << 20);
      setrlimit(RLIMIT_AS, &limit);
      const Result<Instances> again = detector.Detect(picture);
      if (!again.ok() && again.error().kind == FCIS_OUT_OF_MEMORY) ++failed;
    }
    _exit(found && failed > 0 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// Of what the headers hold themselves, too.
TEST(LibFcis, OutOfMemoryOfTheCallerIsAStatus) {
  const Masks masks =
      Masks::FromCounts(std::vector<MaskSize>(64, {65535, 65535}),
                        std::vector<std::vector<uint32_t>>(64))
          .value();
  const pid_t child = fork();
  if (child == 0) {
    rlimit limit;
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = AddressSpace() + (1 << 30);
    setrlimit(RLIMIT_AS, &limit);
    const auto decoded = masks.Decode();  // 256 GiB
    _exit(!decoded.ok() && decoded.error().kind == FCIS_OUT_OF_MEMORY ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(LibFcis, TheCallersRoundingStaysOutAndAsItWas) {
  const Detector detector = Small(1);
  const std::string expected = Answer(detector);
  std::fesetround(FE_UPWARD);
  EXPECT_EQ(Answer(detector), expected);
  EXPECT_EQ(std::fegetround(), FE_UPWARD);
  std::fesetround(FE_TONEAREST);
}

// By picture: what a COCO results file has of it, without the picture.
std::map<std::string, std::vector<std::string>> Entries(
    const rapidjson::Document& json) {
  std::map<std::string, std::vector<std::string>> entries;
  for (const auto& e : json.GetArray()) {
    std::string text = std::to_string(e["category_id"].GetInt()) + " " +
                       std::to_string(e["score"].GetDouble()) + " " +
                       e["segmentation"]["counts"].GetString();
    for (const auto& side : e["bbox"].GetArray()) {
      text += " " + std::to_string(side.GetDouble());
    }
    entries[e.HasMember("file_name") ? e["file_name"].GetString() : ""]
        .push_back(text);
  }
  return entries;
}

TEST(LibFcis, FindsWhatTheDemoFinds) {
  const fs::path root = fs::path(::testing::TempDir()) / "demo";
  fs::remove_all(root);
  fs::create_directories(root);
  const std::string command = "HOME=" + root.string() +
                              " fcis/tools/demo_main --nodownload --save_json"
                              " -o " +
                              (root / "out").string() + " > /dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
  rapidjson::Document demo;
  demo.Parse(ReadText((root / "out/results.json").string()).c_str());
  const Detector detector = Detector::Load().value();
  size_t pictures = 0;
  for (const auto& [name, expected] : Entries(demo)) {
    const auto found = detector.DetectFile("fcis/tools/images/" + name);
    rapidjson::Document ours;
    ours.Parse(found.value().ToCoco(1).value().c_str());
    EXPECT_EQ(Entries(ours)[""], expected) << name;
    ++pictures;
  }
  EXPECT_EQ(pictures, 3u);  // there is nothing in coffee.jpg
}

}  // namespace
}  // namespace fcis::api
