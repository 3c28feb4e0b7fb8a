// The demo as its user meets it: the program, a small model, files.
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/base/config.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/run_program.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/png.h"
#include "fcis/data/video/video_format.h"
#include "fcis/data/video/yuv.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/load.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class DemoMainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_ / "in");
    setenv("HOME", root_.c_str(), 1);
    program_ = ProgramPath("fcis/tools/demo_main");
  }

  // A model of 4 classes that finds something in nearly every picture.
  void SaveSmallModel() {
    const auto config = Preset("parity_small");
    ASSERT_TRUE(config.ok()) << config.status();
    ASSERT_TRUE(model::SaveWeights(Path("small.safetensors"),
                                   model::DeterministicWeights(*config, 1))
                    .ok());
  }

  void AddPicture(const std::string& name, int height, int width) {
    Image image(height, width);
    for (size_t i = 0; i < image.pixels.size(); ++i) {
      image.pixels[i] = (i * i / 7 + i / 3) % 251;
    }
    const absl::StatusOr<std::string> png = data::EncodePng(image);
    ASSERT_TRUE(png.ok());
    ASSERT_TRUE(WriteFileAtomic(Path("in/" + name), *png).ok());
  }

  // A window that is 40 pixels smaller than the picture moves over it, 4 pixels
  // right and 2 down each frame.
  static void SaveMovingWindow(const Image& picture, int frames,
                               const std::string& path) {
    Image window(picture.height - 40, picture.width - 40);
    const auto format =
        data::ParseVideoHeader(absl::StrCat("YUV4MPEG2 W", window.width, " H",
                                            window.height, " F10:1 C420jpeg"),
                               1 << 20);
    ASSERT_TRUE(format.ok()) << format.status();
    std::string bytes = format->header + "\n";
    for (int i = 0; i < frames; ++i) {
      for (int y = 0; y < window.height; ++y) {
        std::copy_n(picture.row(y + 2 * i + 4) + 3 * 4 * i, 3 * window.width,
                    window.row(y));
      }
      // Black: luma 16.
      std::string planes(format->frame_bytes(), '\x80');
      std::fill_n(planes.begin(), window.height * window.width, '\x10');
      data::PutDrawn(*format, Image(window.height, window.width), window,
                     &planes);
      absl::StrAppend(&bytes, "FRAME\n", planes);
    }
    ASSERT_TRUE(WriteFileAtomic(path, bytes).ok());
  }

  std::string Path(const std::string& name) const {
    return (root_ / name).string();
  }

  ProgramRun Run(const std::string& args) const {
    return RunProgram(root_.string(), program_, args);
  }

  std::vector<std::string> Files(const std::string& directory) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(root_ / directory)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  fs::path root_;
  std::string program_;
};

TEST_F(DemoMainTest, HelpAndUsage) {
  const ProgramRun help = Run("--help");
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, AllOf(HasSubstr("--score_thresh"), HasSubstr("-m")));
  EXPECT_EQ(Run("--version").code, 0);
  const ProgramRun unknown = Run("--treshold 1");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("unknown flag --treshold"));
  EXPECT_EQ(Run("--score_thresh=2").code, 2);
  EXPECT_EQ(Run("--device=abacus").code, 2);
  EXPECT_EQ(Run("--max-pixels=0").code, 2);
}

// No network, no flags of a model: the embedded one on the photographs that
// come with the program.
TEST_F(DemoMainTest, ByDefaultThePhotographs) {
  const ProgramRun outcome = Run("--nodownload --save_json -o out");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              HasSubstr("model: the embedded one (person, car, cat, dog)"));
  EXPECT_THAT(Files("out"),
              ElementsAre("astronaut.png", "cat.png", "coffee.png",
                          "photographer.png", "results.json"));
  rapidjson::Document json;
  json.Parse(ReadFile(Path("out/results.json")).value().c_str());
  ASSERT_TRUE(!json.HasParseError() && json.IsArray());
  constexpr int kPerson = 1, kCat = 17;
  std::map<std::string, std::set<int>> found;
  for (const auto& entry : json.GetArray()) {
    found[entry["file_name"].GetString()].insert(entry["category_id"].GetInt());
  }
  EXPECT_THAT(found["astronaut.jpg"], ElementsAre(kPerson));
  EXPECT_THAT(found["photographer.jpg"], ElementsAre(kPerson));
  EXPECT_THAT(found["cat.jpg"], ElementsAre(kCat));
  EXPECT_THAT(found["coffee.jpg"], IsEmpty());
}

TEST_F(DemoMainTest, BadPicturesAmongGoodOnes) {
  SaveSmallModel();
  AddPicture("a.png", 96, 130);
  AddPicture("wide.png", 60, 200);
  ASSERT_TRUE(WriteFileAtomic(Path("in/bad.jpg"), "not a picture").ok());
  ASSERT_TRUE(WriteFileAtomic(Path("in/empty.png"), "").ok());
  const ProgramRun outcome =
      Run("-m small.safetensors --imgdir in -o result --gpu -1 "
          "--precision f32 --score-thresh 0.3 --save_json --save_masks");
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_THAT(Files("result"),
              ElementsAre("a.png", "masks", "results.json", "wide.png"));
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("bad.jpg"), HasSubstr("empty.png"),
                                 HasSubstr("2 of 4 pictures failed")));
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("a.png: 130x96, "), HasSubstr("pictures/s")));
  const auto drawn = data::ReadImage(Path("result/wide.png"));
  ASSERT_TRUE(drawn.ok());
  EXPECT_EQ(drawn->width, 200);

  rapidjson::Document json;
  json.Parse(ReadFile(Path("result/results.json")).value().c_str());
  ASSERT_TRUE(!json.HasParseError() && json.IsArray());
  EXPECT_GT(json.Size(), 0u);
  EXPECT_EQ(Files("result/masks").size(), json.Size());
  for (const auto& entry : json.GetArray()) {
    EXPECT_GT(entry["score"].GetDouble(), 0.3);
    EXPECT_TRUE(entry["segmentation"]["counts"].IsString());
  }
}

TEST_F(DemoMainTest, PicturesFromPatternsIntoADatedDirectory) {
  SaveSmallModel();
  AddPicture("a.png", 96, 130);
  AddPicture("b.png", 96, 130);
  const ProgramRun outcome =
      Run("-m small.safetensors --device ref 'in/[ab].png' in/a.png");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  ASSERT_EQ(Files("fcis_demo").size(), 1u);
  EXPECT_THAT(Files("fcis_demo/" + Files("fcis_demo")[0]),
              ElementsAre("a.png", "b.png"));
}

TEST_F(DemoMainTest, SameResultOnBothBackendsAndAnyNumberOfThreads) {
  SaveSmallModel();
  AddPicture("a.png", 96, 130);
  const std::string args =
      "-m small.safetensors in/a.png --precision=f32 --score_thresh=0.3 "
      "--save_json --out ";
  EXPECT_EQ(Run(args + "one --threads 1 --device cpu").code, 0);
  EXPECT_EQ(Run(args + "two --threads 2 --device cpu").code, 0);
  const ProgramRun checked = Run(args + "checked --device check:cpu,ref");
  EXPECT_EQ(checked.code, 0) << checked.err;
  const std::string one = ReadFile(Path("one/results.json")).value();
  EXPECT_EQ(one, ReadFile(Path("two/results.json")).value());
}

TEST_F(DemoMainTest, Classes) {
  SaveSmallModel();
  AddPicture("a.png", 96, 130);
  const ProgramRun unknown =
      Run("-m small.safetensors in/a.png --classes a,zebra -o out");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("zebra"));
  EXPECT_FALSE(fs::exists(root_ / "out"));
  EXPECT_EQ(Run("-m small.safetensors in/a.png --classes a,b -o out").code, 0);
}

TEST_F(DemoMainTest, ModelsThatAreNone) {
  AddPicture("a.png", 96, 130);
  const ProgramRun missing = Run("-m no.npz in/a.png");
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.err, HasSubstr("no.npz"));
  ASSERT_TRUE(WriteFileAtomic(Path("text.npz"), "not a model").ok());
  const ProgramRun text = Run("-m text.npz in/a.png");
  EXPECT_EQ(text.code, 1);
  EXPECT_THAT(text.err, HasSubstr("text.npz"));
}

// Needs no network: the name is one that has no address.
TEST_F(DemoMainTest, PublishedModelsByName) {
  AddPicture("a.png", 96, 130);
  const ProgramRun by_hand = Run("-m fcis_coco_ohem in/a.png");
  EXPECT_EQ(by_hand.code, 1);
  EXPECT_THAT(by_hand.err, AllOf(HasSubstr("github.com/msracver/FCIS"),
                                 HasSubstr("data/models/fcis_coco-0000")));
  const ProgramRun forbidden = Run("-m fcis_coco_ohem in/a.png --nodownload");
  EXPECT_EQ(forbidden.code, 1);
  EXPECT_THAT(forbidden.err, HasSubstr("fcis_coco_ohem: No such file"));
}

TEST_F(DemoMainTest, ResultsNeverReplaceTheirPictures) {
  SaveSmallModel();
  AddPicture("a.png", 96, 130);
  const std::string before = ReadFile(Path("in/a.png")).value();
  EXPECT_EQ(Run("-m small.safetensors in/a.png --out in").code, 2);
  EXPECT_EQ(ReadFile(Path("in/a.png")).value(), before);
}

// A window that moves over a painted scene.
TEST_F(DemoMainTest, VideoThroughAPipe) {
  const auto model =
      FindRunfile("fcis/model/embedded/small_scenes.safetensors");
  const auto scene = FindRunfile("fcis/data/scenes/images/000000000001.jpg");
  ASSERT_TRUE(model.ok() && scene.ok());
  SaveMovingWindow(*data::ReadImage(*scene), 5, Path("in.y4m"));
  const ProgramRun outcome =
      Run(absl::StrCat("-m '", *model,
                       "' --precision f32 --score_thresh 0.7 --save_json "
                       "--video - < in.y4m 2> err.txt | cat > out.y4m; echo"));
  EXPECT_THAT(ReadFile(Path("err.txt")).value(),
              AllOf(HasSubstr("frames done: 5; tracks: 1 triangle, 1 heart;"),
                    HasSubstr("the standard output and")));
  const std::string in = ReadFile(Path("in.y4m")).value();
  const std::string out = ReadFile(Path("out.y4m")).value();
  EXPECT_EQ(out.size(), in.size());
  EXPECT_NE(out, in);
  const std::string directory = "fcis_demo/" + Files("fcis_demo")[0];
  EXPECT_THAT(Files(directory), ElementsAre("video.jsonl"));
  const std::string json = ReadFile(Path(directory + "/video.jsonl")).value();
  for (absl::string_view line : absl::StrSplit(json, '\n', absl::SkipEmpty())) {
    EXPECT_THAT(std::string(line),
                AllOf(HasSubstr("\"track\":1,"), HasSubstr("\"track\":2,")));
  }
  EXPECT_EQ(outcome.out, "\n");
}

TEST_F(DemoMainTest, VideoToAFileAndABrokenPipe) {
  SaveSmallModel();
  // More than a pipe holds.
  SaveMovingWindow(Image(120, 140), 10, Path("in.y4m"));
  EXPECT_EQ(
      Run("-m small.safetensors --video in.y4m --every 2 --out out.y4m").code,
      0);
  EXPECT_EQ(ReadFile(Path("out.y4m")).value().size(),
            ReadFile(Path("in.y4m")).value().size());
  // bash tells the code of a program in a pipe.
  const std::string command = absl::StrCat(
      "cd '", root_.string(), "' && bash -c \"'", program_,
      "' -m small.safetensors --video in.y4m --out - 2> err.txt | head -c 9 > "
      "/dev/null; exit \\${PIPESTATUS[0]}\"");
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 0);
  EXPECT_THAT(ReadFile(Path("err.txt")).value(),
              Not(HasSubstr("standard output")));
}

// The last frame stays in part, and the pipe open.
TEST_F(DemoMainTest, ASignalEndsTheWaitForAPipe) {
  SaveSmallModel();
  SaveMovingWindow(Image(120, 140), 3, Path("in.y4m"));
  const std::string in = ReadFile(Path("in.y4m")).value();
  const size_t header = in.find('\n') + 1, frame = (in.size() - header) / 3;
  for (const auto& [signal, name] :
       {std::pair(SIGINT, "SIGINT"), {SIGTERM, "SIGTERM"}}) {
    setenv("BUILD_WORKING_DIRECTORY", Path(name).c_str(), 1);
    RunningProgram demo({program_, "-m", Path("small.safetensors"),
                         "--save_json", "--video", "-", "--out", "-"},
                        Path("log"));
    unsetenv("BUILD_WORKING_DIRECTORY");
    demo.Send(in.substr(0, in.size() - 1));
    EXPECT_TRUE(demo.Read(header + 2 * frame));
    demo.Signal(signal);
    EXPECT_FALSE(demo.Read(1)) << "half a frame was written";
    EXPECT_EQ(demo.Wait(), 0);
    const std::string log = ReadFile(Path("log")).value();
    EXPECT_THAT(log, AllOf(HasSubstr(absl::StrCat("stopped by ", name)),
                           HasSubstr("frames done: 2;")));
    const std::string directory = absl::StrCat(name, "/fcis_demo/");
    const std::string json = absl::StrCat(directory, Files(directory).at(0));
    EXPECT_THAT(Files(json), ElementsAre("video.jsonl"));
    EXPECT_EQ(absl::c_count(*ReadFile(Path(json + "/video.jsonl")), '\n'), 2);
  }
}

TEST_F(DemoMainTest, WrongVideosEndBeforeAnyWork) {
  ASSERT_TRUE(WriteFileAtomic(Path("a.mp4"), {"\0\0\0\x20"
                                              "ftypisom",
                                              12})
                  .ok());
  const ProgramRun mp4 = Run("-m none --video a.mp4");
  EXPECT_EQ(mp4.code, 1);
  EXPECT_THAT(mp4.err, AllOf(HasSubstr("a.mp4 is an MP4"),
                             HasSubstr("-f yuv4mpegpipe")));
  EXPECT_FALSE(fs::exists(root_ / "fcis_demo"));
  SaveMovingWindow(Image(60, 70), 1, Path("in.y4m"));
  for (const char* args :
       {"--every 2", "in.y4m", "a.mp4", "--video in.y4m in/a.png",
        "--video in.y4m --every 0", "--video in.y4m --track_iou 1.5",
        "--video in.y4m --track_age 0", "--video in.y4m --imgdir in",
        "--video in.y4m --save_masks", "--video in.y4m --out in.y4m",
        "--video in.y4m --out b.mkv"}) {
    EXPECT_EQ(Run(args).code, 2) << args;
  }
  EXPECT_THAT(Run("in.y4m").err, HasSubstr("expected --video in.y4m"));
  EXPECT_THAT(Run("--video in.y4m --max_pixels 9").err, HasSubstr("at most 9"));
}

TEST_F(DemoMainTest, FullDisk) {
  SaveSmallModel();
  AddPicture("a.png", 96, 130);
  // Nothing can be written to /dev/full, not even the terminal's lines.
  const std::string command =
      absl::StrCat("cd '", root_.string(), "' && '", program_,
                   "' -m small.safetensors in/a.png > /dev/full 2> stderr.txt");
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(ReadFile(Path("stderr.txt")).value(),
              HasSubstr("cannot write to the standard output"));
}

// The others are done all the same.
TEST_F(DemoMainTest, APictureForWhichTheMemoryDoesNotSuffice) {
#ifdef ABSL_HAVE_ADDRESS_SANITIZER
  GTEST_SKIP() << "the sanitizer needs terabytes of addresses";
#endif
  SaveSmallModel();
  AddPicture("small.png", 60, 80);
  ASSERT_TRUE(WriteFileAtomic(Path("in/large.png"),
                              *data::EncodePng(Image(10000, 16000)))
                  .ok());
  ShellJob job(absl::StrCat("cd '", root_.string(),
                            "' && ulimit -v 500000 && exec '", program_,
                            "' -m small.safetensors --threads 1 --imgdir in "
                            "--out out"),
               Path("said"));
  EXPECT_EQ(job.Wait(), 1);
  EXPECT_THAT(job.said(),
              AllOf(HasSubstr("in/large.png: not enough memory: 16000x10000 "
                              "pixels take 458 MiB, and ulimit -v (488 MiB)"),
                    HasSubstr("1 of 2 pictures done")));
  EXPECT_THAT(Files("out"), ElementsAre("small.png"));
}

TEST_F(DemoMainTest, NoPictureFoundEndsBeforeAnyWork) {
  const ProgramRun outcome = Run("nowhere/*.jpg --out out");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("nowhere/*.jpg"));
  EXPECT_FALSE(fs::exists(root_ / "out"));
}

}  // namespace
}  // namespace fcis::tools
