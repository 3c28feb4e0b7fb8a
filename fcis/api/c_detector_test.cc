// Against the pipeline that it is made of, and with arguments of all kinds.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "fcis/api/testing/random_calls.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/core/mask/paste.h"
#include "fcis/core/rle/rle_string.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/png.h"
#include "fcis/detector.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/model/detector.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/load.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::api {
namespace {

using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Image Noise(int height, int width) {
  Image image(height, width);
  std::mt19937 random(3);
  for (uint8_t& value : image.pixels) value = random() >> 24;
  return image;
}

Pixels<const uint8_t> PixelsOf(const Image& image) {
  return {image.pixels.data(), image.height, image.width, FCIS_RGB, 0};
}

class CDetectorTest : public ::testing::Test {
 protected:
  // A model that finds something in noise.
  static void SetUpTestSuite() {
    ModelConfig config = *Preset("parity_mini");
    config.mutable_postprocess()->set_score_thresh(0.01);
    ASSERT_TRUE(
        model::SaveWeights(ModelPath(), model::DeterministicWeights(config, 5))
            .ok());
  }
  static std::string ModelPath() {
    return ::testing::TempDir() + "/mini.safetensors";
  }
  static DetectorOptions Options() {
    DetectorOptions options;
    options.model = ModelPath();
    options.precision = "f32";
    return options;
  }
  static Detector Load(const DetectorOptions& options = Options()) {
    return Detector::Load(options).value();
  }
  static std::string ErrorOf(const DetectorOptions& options) {
    const Result<Detector> detector = Detector::Load(options);
    return detector.ok() ? "" : detector.error().message;
  }
};

TEST_F(CDetectorTest, FindsWhatThePipelineFinds) {
  const Image image = Noise(90, 120);
  const model::Weights weights = model::LoadWeights(ModelPath()).value();
  const PostprocessConfig& post = weights.config.postprocess();
  const auto backend = kernels::MakeBackend("cpu", kernels::Precision::kF32,
                                            kernels::ConvAlgorithm::kAuto)
                           .value();
  const auto expected = model::Detector::Create(weights, backend.get())
                            .value()
                            ->Detect(image, post)
                            .value();
  ASSERT_FALSE(expected.empty());
  const Detector detector = Load();
  const Instances found = detector.Detect(PixelsOf(image)).value();
  EXPECT_EQ(found.height(), 90);
  EXPECT_EQ(found.width(), 120);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(found[i].class_index, expected[i].label - 1);
    EXPECT_EQ(found[i].name, detector.classes()[found[i].class_index].name);
    EXPECT_EQ(found[i].score, expected[i].score);
    EXPECT_EQ((Box{found[i].x0, found[i].y0, found[i].x1, found[i].y1}),
              expected[i].box);
    const Rle rle = PastedMaskToRle(PasteMask(expected[i].mask, expected[i].box,
                                              PasteThreshold(post), 90, 120),
                                    90, 120);
    EXPECT_EQ(found.Rle(i).value(), RleCountsToString(rle.counts));
    const std::vector<uint8_t> mask = found.Mask(i).value();
    EXPECT_EQ(mask.size(), 90u * 120);
    EXPECT_EQ(std::count(mask.begin(), mask.end(), 1), RleArea(rle));
  }
}

TEST_F(CDetectorTest, PixelsBytesAndFilesGiveTheSame) {
  const Image image = Noise(40, 60);
  const std::string png = data::EncodePng(image).value();
  const std::string path = ::testing::TempDir() + "/a.png";
  ASSERT_TRUE(WriteFileAtomic(path, png).ok());
  const Detector detector = Load();
  const std::string found =
      detector.Detect(PixelsOf(image)).value().ToCoco(7).value();
  EXPECT_THAT(found, HasSubstr("\"image_id\":7"));
  EXPECT_EQ(detector.DetectEncoded(png).value().ToCoco(7).value(), found);
  EXPECT_EQ(detector.DetectFile(path).value().ToCoco(7).value(), found);
  EXPECT_EQ(
      detector.Clone(1).value().DetectFile(path).value().ToCoco(7).value(),
      found);
}

TEST_F(CDetectorTest, InstancesOutliveTheirDetector) {
  const Instances found = Load().Detect(PixelsOf(Noise(40, 60))).value();
  ASSERT_FALSE(found.empty());
  EXPECT_FALSE(found.ToCoco(1).value().empty());
}

TEST_F(CDetectorTest, Draws) {
  const Image image = Noise(60, 80);
  const Instances found = Load().Detect(PixelsOf(image)).value();
  Image drawn = image;
  Pixels<uint8_t> pixels = {drawn.pixels.data(), 60, 80, FCIS_RGB, 0};
  ASSERT_TRUE(found.Draw(pixels).ok());
  EXPECT_NE(drawn.pixels, image.pixels);
  pixels.width = 79;
  EXPECT_THAT(found.Draw(pixels).error().message, HasSubstr("79x60"));
  pixels.width = 80;
  pixels.format = FCIS_GRAY;
  EXPECT_THAT(found.Draw(pixels).error().message, HasSubstr("gray"));
}

TEST_F(CDetectorTest, OptionsCount) {
  const Image image = Noise(60, 80);
  DetectorOptions options = Options();
  const size_t all = Load().Detect(PixelsOf(image)).value().size();
  options.score_threshold = 0.999;
  EXPECT_LT(Load(options).Detect(PixelsOf(image)).value().size(), all);
  options.max_pixels = 60 * 80 - 1;
  EXPECT_EQ(Load(options).Detect(PixelsOf(image)).error().kind,
            FCIS_INVALID_ARGUMENT);
  options = Options();
  options.threads = 1;
  EXPECT_THAT(Load(options).Describe().value(),
              HasSubstr("cpu, f32, 1 thread"));
  EXPECT_THAT(Load(options).Clone(3).value().Describe().value(),
              HasSubstr("3 threads"));
}

TEST_F(CDetectorTest, BadOptionsAreNamed) {
  DetectorOptions options = Options();
  options.model = "/none.safetensors";
  EXPECT_EQ(Detector::Load(options).error().kind, FCIS_NOT_FOUND);
  EXPECT_THAT(ErrorOf(options), HasSubstr("/none.safetensors"));
  options = Options();
  options.device = "abacus";
  EXPECT_THAT(ErrorOf(options), HasSubstr("abacus"));
  options = Options();
  options.precision = "f31";
  EXPECT_THAT(ErrorOf(options), HasSubstr("f31"));
  options = Options();
  options.precision = "int8";  // of a model that is not quantised
  EXPECT_EQ(Detector::Load(options).error().kind, FCIS_INVALID_ARGUMENT);
  options = Options();
  options.threads = -2;
  EXPECT_THAT(ErrorOf(options), HasSubstr("threads is -2"));
  options = Options();
  options.max_size = 16385;
  EXPECT_THAT(ErrorOf(options), HasSubstr("max_size is 16385"));
  options.max_size = 1;
  EXPECT_THAT(ErrorOf(options), HasSubstr("at least min_size"));
  options = Options();
  options.mask_threshold = 1.5;
  EXPECT_THAT(ErrorOf(options), HasSubstr("mask_threshold is 1.5"));
  options = Options();
  options.score_threshold = kNan;
  EXPECT_THAT(ErrorOf(options), HasSubstr("score_threshold is nan"));
  fcis_detector_options sizeless = FCIS_DETECTOR_OPTIONS_INIT;
  sizeless.size = 3;
  fcis_detector* detector = nullptr;
  EXPECT_EQ(fcis_detector_new(&sizeless, &detector, nullptr, 0),
            FCIS_INVALID_ARGUMENT);
  EXPECT_EQ(detector, nullptr);
}

TEST_F(CDetectorTest, BadPicturesAreErrors) {
  const Detector detector = Load();
  EXPECT_EQ(detector.DetectEncoded("no picture").error().kind,
            FCIS_INVALID_ARGUMENT);
  EXPECT_EQ(detector.DetectEncoded("").error().kind, FCIS_INVALID_ARGUMENT);
  EXPECT_EQ(detector.DetectFile("/none.png").error().kind, FCIS_NOT_FOUND);
  EXPECT_FALSE(detector.DetectFile("/").ok());
  EXPECT_FALSE(detector.Detect({}).ok());
  // As narrow as can be.
  EXPECT_TRUE(detector.Detect(PixelsOf(Noise(1, 3000))).ok());
  EXPECT_TRUE(detector.Detect(PixelsOf(Noise(3000, 1))).ok());
  EXPECT_TRUE(detector.Detect(PixelsOf(Noise(1, 1))).ok());
}

// Calls every function with arguments drawn from all that is wrong with them,
// and some that are right.
class RandomCalls {
 public:
  explicit RandomCalls(const std::string& model)
      : model_(model),
        image_(Noise(30, 40)),
        png_(data::EncodePng(image_).value()) {
    EXPECT_TRUE(WriteFileAtomic(png_path_, png_).ok());
    handles_ = {nullptr};
    detectors_ = {nullptr};
    fcis_detector_options options = FCIS_DETECTOR_OPTIONS_INIT;
    options.model = model_.c_str();
    fcis_detector* detector = nullptr;
    EXPECT_EQ(fcis_detector_new(&options, &detector, nullptr, 0), FCIS_OK);
    detectors_.push_back(detector);
    fcis_instances* found = nullptr;
    EXPECT_EQ(fcis_detector_detect(detector, image_.pixels.data(), 30, 40, 0,
                                   FCIS_RGB, &found, nullptr, 0),
              FCIS_OK);
    handles_.push_back(found);
  }
  ~RandomCalls() {
    for (fcis_detector* d : detectors_) fcis_detector_free(d);
    for (fcis_instances* i : handles_) fcis_instances_free(i);
  }

  void Before() {
    error_at_ = Pick<char*>({nullptr, error_});
    error_size_ = Pick<size_t>({0, 1, sizeof(error_)});
    found_ = nullptr;
  }

  void After(int status) {
    if (error_at_ != nullptr && error_size_ > 1) {
      EXPECT_EQ(status == FCIS_OK, error_[0] == '\0');
    }
    fcis_instances_free(found_);
  }

  std::vector<Door> Doors() {
    return {
        {"fcis_detector_new", [this] { return New(); }},
        {"fcis_detector_clone", [this] { return Clone(); }},
        {"fcis_detector_describe", [this] { return Describe(); }},
        {"fcis_detector_num_classes", [this] { return NumClasses(); }},
        {"fcis_detector_class", [this] { return Class(); }},
        {"fcis_detector_detect", [this] { return Detect(); }},
        {"fcis_detector_detect_encoded", [this] { return DetectEncoded(); }},
        {"fcis_detector_detect_file", [this] { return DetectFile(); }},
        {"fcis_instances_size", [this] { return Size(); }},
        {"fcis_instances_get", [this] { return Get(); }},
        {"fcis_instances_mask", [this] { return Mask(); }},
        {"fcis_instances_rle", [this] { return RleText(); }},
        {"fcis_instances_draw", [this] { return Draw(); }},
        {"fcis_instances_to_coco", [this] { return ToCoco(); }},
    };
  }

 private:
  template <typename T>
  T Pick(std::vector<T> values) {
    return values[random_() % values.size()];
  }
  int64_t Side(int right) {
    return Pick<int64_t>({right, right, right, 0, -1, 1, 1 << 30,
                          std::numeric_limits<int64_t>::max(),
                          std::numeric_limits<int64_t>::min()});
  }
  // At least as many bytes as any layout that passes for 30 x 40 reaches.
  uint8_t* Bytes() { return Pick<uint8_t*>({nullptr, room_, room_}); }
  int64_t Stride() {
    return Pick<int64_t>(
        {0, 40, 120, 160, 200, -120, 1, std::numeric_limits<int64_t>::max()});
  }
  fcis_detector* Detector() { return Pick(detectors_); }
  fcis_instances* Found() { return Pick(handles_); }
  size_t Index() { return Pick<size_t>({0, 1, 5, 1000, SIZE_MAX}); }
  size_t* Needed() { return Pick<size_t*>({nullptr, &needed_}); }
  char* Text() {
    return Pick<char*>({nullptr, reinterpret_cast<char*>(room_)});
  }
  size_t Capacity() { return Pick<size_t>({0, 1, 100, sizeof(room_)}); }
  int Format() { return Pick<int>({0, 1, 2, 3, 4, -1, 1 << 30}); }
  fcis_instances** To() {
    return Pick<fcis_instances**>({nullptr, &found_, &found_});
  }
  // What takes milliseconds is rare.
  bool Rarely() { return random_() % 100 == 0; }

  int New() {
    fcis_detector_options options = FCIS_DETECTOR_OPTIONS_INIT;
    if (Rarely()) {
      options.model = model_.c_str();
    } else {
      options.size = Pick<size_t>({0, sizeof(options), SIZE_MAX});
      options.model = Pick<const char*>({"", "/none", "/dev/null"});
      options.device =
          Pick<const char*>({nullptr, "", "cpu", "cuda", "check:"});
      options.precision = Pick<const char*>({nullptr, "", "int8", "fp16"});
      options.threads = Pick<int32_t>({0, -1, 1, INT32_MIN, INT32_MAX});
      options.max_size = Pick<int32_t>({0, -1, 1, INT32_MAX});
      options.max_pixels = Side(0);
      options.nms_threshold = Pick<double>({-1, kNan, HUGE_VAL, 0, 1});
    }
    fcis_detector* detector = nullptr;
    const int status =
        fcis_detector_new(&options, Pick<fcis_detector**>({nullptr, &detector}),
                          error_at_, error_size_);
    fcis_detector_free(detector);
    return status;
  }
  int Clone() {
    fcis_detector* clone = nullptr;
    const int32_t threads =
        Rarely() ? Pick<int32_t>({-1, 0, 1}) : Pick<int32_t>({-2, INT32_MIN});
    const int status = fcis_detector_clone(
        Detector(), threads, Pick<fcis_detector**>({nullptr, &clone}),
        error_at_, error_size_);
    fcis_detector_free(clone);
    return status;
  }
  int Describe() {
    return fcis_detector_describe(Detector(), Text(), Capacity(), Needed(),
                                  error_at_, error_size_);
  }
  int NumClasses() {
    return fcis_detector_num_classes(Detector(), Needed(), error_at_,
                                     error_size_);
  }
  int Class() {
    return fcis_detector_class(
        Detector(), Index(), Pick<const char**>({nullptr, &name_}),
        Pick<int64_t*>({nullptr, &id_}), error_at_, error_size_);
  }
  // Bytes have room for 30 x 40; whatever is larger must be refused for its
  // size before they are read.
  int Detect() {
    if (Rarely()) {
      return fcis_detector_detect(detectors_.back(), image_.pixels.data(), 30,
                                  40, 0, FCIS_RGB, &found_, error_at_,
                                  error_size_);
    }
    const int64_t height = Side(30), width = Side(40);
    const double pixels =
        static_cast<double>(height) * static_cast<double>(width);
    uint8_t* const bytes = height > 0 && pixels < 2e8 ? nullptr : Bytes();
    return fcis_detector_detect(Detector(), bytes, height, width, Stride(),
                                Format(), To(), error_at_, error_size_);
  }
  int DetectEncoded() {
    if (!Rarely()) {
      return fcis_detector_detect_encoded(Detector(), Bytes(), Capacity(), To(),
                                          error_at_, error_size_);
    }
    return fcis_detector_detect_encoded(
        detectors_.back(), reinterpret_cast<const uint8_t*>(png_.data()),
        random_() % 4 == 0 ? random_() % png_.size() : png_.size(), To(),
        error_at_, error_size_);
  }
  int DetectFile() {
    const bool right = Rarely();
    const char* const path =
        right ? png_path_.c_str()
              : Pick<const char*>({nullptr, "", "/", "/none"});
    return fcis_detector_detect_file(right ? detectors_.back() : Detector(),
                                     path, To(), error_at_, error_size_);
  }
  int Size() {
    return fcis_instances_size(
        Found(), Needed(), Pick<int64_t*>({nullptr, &id_}),
        Pick<int64_t*>({nullptr, &id_}), error_at_, error_size_);
  }
  int Get() {
    int32_t label;
    float score, box[4];
    return fcis_instances_get(
        Found(), Index(), Pick<int32_t*>({nullptr, &label}),
        Pick<const char**>({nullptr, &name_}), Pick<float*>({nullptr, &score}),
        Pick<float*>({nullptr, box}), error_at_, error_size_);
  }
  int Mask() {
    return fcis_instances_mask(Found(), Index(),
                               reinterpret_cast<uint8_t*>(Text()), Capacity(),
                               Needed(), error_at_, error_size_);
  }
  int RleText() {
    return fcis_instances_rle(Found(), Index(), Text(), Capacity(), Needed(),
                              error_at_, error_size_);
  }
  int Draw() {
    return fcis_instances_draw(Found(), Bytes(), Side(30), Side(40), Stride(),
                               Format(), error_at_, error_size_);
  }
  int ToCoco() {
    return fcis_instances_to_coco(Found(), Side(1), Text(), Capacity(),
                                  Needed(), error_at_, error_size_);
  }

  std::mt19937 random_{17};
  const std::string model_;
  const Image image_;
  const std::string png_;
  const std::string png_path_ = ::testing::TempDir() + "/random.png";
  std::vector<fcis_detector*> detectors_;
  std::vector<fcis_instances*> handles_;
  uint8_t room_[30 * 200] = {};
  char error_[100] = "";
  char* error_at_ = nullptr;
  size_t error_size_ = 0, needed_ = 0;
  fcis_instances* found_ = nullptr;
  const char* name_ = nullptr;
  int64_t id_ = 0;
};

TEST_F(CDetectorTest, AnyArgumentsGiveAStatus) {
  RandomCalls calls(ModelPath());
  const std::vector<int> seen = StatusesOf(&calls);
  EXPECT_GT(seen[FCIS_OK], 100);
  EXPECT_GT(seen[FCIS_INVALID_ARGUMENT], 1000);
  EXPECT_GT(seen[FCIS_NOT_FOUND], 100);
  EXPECT_GT(seen[FCIS_BUFFER_TOO_SMALL], 10);
  EXPECT_EQ(seen[FCIS_INTERNAL], 0);
}

}  // namespace
}  // namespace fcis::api
