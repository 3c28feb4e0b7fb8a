// COCO's evaluation against pycocotools' answers, and with arguments of all
// kinds.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "fcis/api/testing/random_calls.h"
#include "fcis/coco.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/memory_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::api {
namespace {

using Json = rapidjson::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

// As scripts/make_eval_cases has it.
std::string HashOf(const std::vector<double>& values) {
  uint64_t sum = 0, index = 0;
  for (double value : values) {
    value += 0.0;
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    sum += RngBits(bits, index++);
  }
  return absl::StrFormat("%016x", sum);
}

std::vector<int64_t> Ids(const Json& list) {
  std::vector<int64_t> ids;
  for (const Json& id : list.GetArray()) {
    if (id.IsInt64()) ids.push_back(id.GetInt64());
  }
  return ids;
}

CocoParams ParamsOf(const Json& test, IouType type) {
  CocoParams params(type);
  if (test.HasMember("iou_thresholds")) {
    params.iou_thresholds.clear();
    for (const Json& t : test["iou_thresholds"].GetArray()) {
      params.iou_thresholds.push_back(t.GetDouble());
    }
  }
  if (test.HasMember("max_dets")) params.max_detections = Ids(test["max_dets"]);
  if (test.HasMember("area_ranges")) {
    params.area_ranges.clear();
    for (const Json& a : test["area_ranges"].GetArray()) {
      params.area_ranges.push_back(
          {a[0].GetString(), a[1].GetDouble(), a[2].GetDouble()});
    }
  }
  if (test.HasMember("image_ids")) params.image_ids = Ids(test["image_ids"]);
  if (test.HasMember("category_ids")) {
    params.category_ids = Ids(test["category_ids"]);
  }
  params.use_categories = !test.HasMember("class_agnostic");
  return params;
}

IouType TypeOf(const Json& test) {
  const std::string type = test["iou_type"].GetString();
  return type == "bbox"   ? IouType::kBox
         : type == "segm" ? IouType::kMask
                          : IouType::kKeypoints;
}

// The error, or "".
std::string Compare(const Json& test) {
  const MemoryFile gt(test["gt"].GetString()), dt(test["dt"].GetString());
  const IouType type = TypeOf(test);
  const auto truth = CocoTruth::Read(gt.path(), type);
  if (!truth.ok()) return truth.error().message;
  const auto results = truth->ReadResults(dt.path());
  if (!results.ok()) return results.error().message;
  const auto evaluation =
      CocoEvaluation::Run(*truth, *results, ParamsOf(test, type));
  if (!evaluation.ok()) return evaluation.error().message;
  const std::vector<double> stats = evaluation->Stats();
  EXPECT_EQ(stats.size(), test["stats"].Size());
  for (size_t i = 0; i < stats.size(); ++i) {
    EXPECT_EQ(stats[i],
              test["stats"][static_cast<rapidjson::SizeType>(i)].GetDouble())
        << "stat " << i;
  }
  EXPECT_EQ(HashOf(evaluation->precision()), test["precision"].GetString());
  EXPECT_EQ(HashOf(evaluation->recall()), test["recall"].GetString());
  EXPECT_EQ(HashOf(evaluation->scores()), test["scores"].GetString());
  return "";
}

// What is wrong with the ids of records: "" where nothing is. unique: each must
// be there once.
std::string WrongIds(const Json& records, bool unique) {
  std::set<int64_t> seen;
  std::string twice;
  for (const Json& record : records.GetArray()) {
    for (const char* key : {"id", "image_id", "category_id"}) {
      if (record.HasMember(key) && !record[key].IsInt64()) {
        return "expected an integer";
      }
    }
    if (!unique || !record.HasMember("id") || !twice.empty()) continue;
    const int64_t id = record["id"].GetInt64();
    if (!seen.insert(id).second) {
      twice = absl::StrFormat("annotation id %d twice", id);
    }
  }
  return twice;
}

// Why the library refuses a case that pycocotools evaluates; "": it does not.
std::string ReasonOf(const Json& test) {
  static const std::map<std::string, std::string> named = {
      {"crowd 2", "expected 0 or 1"},
      {"crowd 1.0", "expected an integer"},
      {"empty bbox first", "no box"},
      {"box of a mask", "has no \"bbox\""},
      {"duplicate keys", "a member is there twice"},
  };
  const auto found = named.find(test["name"].GetString());
  if (found != named.end()) return found->second;
  rapidjson::Document gt, dt;
  gt.Parse(test["gt"].GetString());
  dt.Parse(test["dt"].GetString());
  for (const std::string list : {"images", "categories", "annotations"}) {
    const std::string wrong = WrongIds(gt[list.c_str()], list == "annotations");
    if (!wrong.empty()) return wrong;
  }
  return WrongIds(dt, false);
}

// How many of the file's cases are equal. Others are refused for their reason.
int CountEqual(const std::string& path) {
  const auto cases = ReadFile(path);
  EXPECT_TRUE(cases.ok()) << cases.status();
  int count = 0;
  for (const absl::string_view line :
       absl::StrSplit(*cases, '\n', absl::SkipEmpty())) {
    rapidjson::Document test;
    test.Parse<rapidjson::kParseFullPrecisionFlag>(line.data(), line.size());
    EXPECT_FALSE(test.HasParseError());
    if (test["iou_type"] == "boundary") continue;
    SCOPED_TRACE(test["name"].GetString());
    const std::string error = Compare(test), reason = ReasonOf(test);
    EXPECT_EQ(error.empty(), reason.empty()) << error;
    EXPECT_THAT(error, HasSubstr(reason));
    count += error.empty();
  }
  return count;
}

TEST(CocoTest, EqualsPycocotools) {
  EXPECT_EQ(CountEqual("fcis/eval/coco/testdata/cases.jsonl"), 141);
}

TEST(CocoTest, KeypointsEqualPycocotools) {
  EXPECT_EQ(CountEqual("fcis/api/testdata/keypoints.jsonl"), 12);
}

// Two classes on two pictures; of the first class one of two is found, of the
// second the one.
CocoTruth Truth() {
  CocoTruth truth;
  truth.type = IouType::kBox;
  truth.image_ids = {5, 3};
  truth.category_ids = {20, 10};
  CocoRecords& o = truth.objects;
  o.image_ids = {3, 5, 5};
  o.category_ids = {10, 10, 20};
  o.boxes = {{0, 0, 10, 10}, {0, 0, 50, 50}, {5, 5, 40, 40}};
  o.areas = {100, 2500, 1600};
  return truth;
}

CocoRecords Found() {
  CocoRecords d;
  d.image_ids = {3, 5, 5};
  d.category_ids = {10, 20, 20};
  d.boxes = {{0, 0, 10, 10}, {5, 5, 40, 40}, {90, 90, 4, 4}};
  d.areas = {100, 1600, 16};
  d.scores = {.5, .9, .8};
  return d;
}

TEST(CocoTest, Arrays) {
  const CocoEvaluation score = CocoEvaluation::Run(Truth(), Found()).value();
  EXPECT_THAT(score.params().category_ids, ElementsAre(10, 20));
  const std::vector<double> ap = score.ClassAp();
  ASSERT_EQ(ap.size(), 2u);
  EXPECT_NEAR(ap[0], 51. / 101, 1e-12);  // half of the recalls
  EXPECT_NEAR(ap[1], 1, 1e-12);
  EXPECT_NEAR(score.Stats()[0], (ap[0] + ap[1]) / 2, 1e-12);
  EXPECT_EQ(score.Recall(0, 0, 0, 2), .5);
  EXPECT_EQ(score.Recall(0, 0, 1, 2), 1);   // the small one
  EXPECT_EQ(score.Recall(0, 1, 1, 2), -1);  // there is none
  EXPECT_NEAR(score.Precision(0, 0, 0, 0, 2), 1, 1e-12);
  EXPECT_EQ(score.Precision(0, 100, 0, 0, 2), 0);
  EXPECT_EQ(score.precision().size(), 10u * 101 * 2 * 4 * 3);
}

TEST(CocoTest, ParamsCount) {
  CocoParams params;
  params.use_categories = false;
  params.iou_thresholds = {.5};
  params.max_detections = {10, 1};
  const auto all = CocoEvaluation::Run(Truth(), Found(), params).value();
  EXPECT_EQ(all.K(), 1u);
  EXPECT_THAT(all.params().max_detections, ElementsAre(1, 10));
  EXPECT_EQ(all.Recall(0, 0, 0, 1), 2. / 3);
  EXPECT_EQ(all.Stats()[0], -1);  // there is no 100
  params.image_ids = {3, 99};
  params.category_ids = {10};
  const auto one = CocoEvaluation::Run(Truth(), Found(), params).value();
  EXPECT_EQ(one.Recall(0, 0, 0, 1), 1);
}

TEST(CocoTest, NothingIsAllRight) {
  for (const IouType type :
       {IouType::kBox, IouType::kMask, IouType::kKeypoints}) {
    CocoTruth truth;
    truth.type = type;
    const auto score = CocoEvaluation::Run(truth, CocoRecords()).value();
    for (const double number : score.Stats()) EXPECT_EQ(number, -1);
    const MemoryFile results("[]");
    EXPECT_EQ(truth.ReadResults(results.path()).value().size(), 0u);
  }
}

constexpr char kTruth[] = R"({
  "images": [{"id": 1, "height": 20, "width": 20}],
  "categories": [{"id": 1}],
  "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "area": 100,
                   "iscrowd": 0, "bbox": [0, 0, 10, 10], "num_keypoints": 1,
                   "keypoints": [1, 1, 2],
                   "segmentation": [[0, 0, 10, 0, 10, 10, 0, 10]]}]})";

std::string Without(const std::string& what) {
  std::string text = kTruth;
  text.replace(text.find(what), what.size(), "x");
  return text;
}

std::string ErrorOf(const std::string& text, IouType type) {
  const MemoryFile file(text);
  const auto truth = CocoTruth::Read(file.path(), type);
  if (truth.ok()) return "";
  EXPECT_THAT(truth.error().message, HasSubstr(file.path()));
  return truth.error().message;
}

TEST(CocoTest, BadAnnotationsAreNamed) {
  EXPECT_EQ(CocoTruth::Read("/none.json", IouType::kBox).error().kind,
            FCIS_NOT_FOUND);
  EXPECT_EQ(ErrorOf(kTruth, IouType::kMask), "");
  for (const std::string needed : {"id\": 1, \"im", "area", "iscrowd"}) {
    EXPECT_NE(ErrorOf(Without(needed), IouType::kMask), "") << needed;
  }
  EXPECT_THAT(ErrorOf(Without("bbox"), IouType::kBox), HasSubstr("\"bbox\""));
  EXPECT_EQ(ErrorOf(Without("bbox"), IouType::kMask), "");
  EXPECT_THAT(ErrorOf(Without("segmentation"), IouType::kMask),
              HasSubstr("\"segmentation\""));
  EXPECT_THAT(ErrorOf(Without("num_keypoints"), IouType::kKeypoints),
              HasSubstr("\"num_keypoints\""));
  std::string odd = kTruth;
  odd.replace(odd.find("[1, 1, 2]"), 9, "[1, 1]");
  EXPECT_THAT(ErrorOf(odd, IouType::kKeypoints), HasSubstr("record 0"));
  EXPECT_NE(ErrorOf("{", IouType::kBox), "");
  EXPECT_NE(ErrorOf("", IouType::kBox), "");
  EXPECT_THAT(ErrorOf("\x1f\x8b\x08", IouType::kBox),
              HasSubstr("expected ASCII, this is a gzip file"));
}

std::string ResultError(const std::string& text, IouType type) {
  const MemoryFile truth_file(kTruth), file(text);
  const auto results =
      CocoTruth::Read(truth_file.path(), type).value().ReadResults(file.path());
  if (results.ok()) return "";
  EXPECT_THAT(results.error().message, HasSubstr(file.path()));
  return results.error().message;
}

TEST(CocoTest, BadResultsAreNamed) {
  const std::string box =
      R"({"image_id": 1, "category_id": 1, "score": 1, "bbox": [0, 0, 1, 1]})";
  const std::string bare = R"({"image_id": 1, "category_id": 1, "score": 1})";
  EXPECT_EQ(ResultError("[" + box + "]", IouType::kMask), "");
  EXPECT_THAT(ResultError("[" + box + "," + bare + "]", IouType::kBox),
              HasSubstr("\"bbox\""));
  EXPECT_THAT(ResultError("[" + bare + "]", IouType::kBox),
              HasSubstr("\"segmentation\""));
  EXPECT_THAT(ResultError("[" + box + "]", IouType::kKeypoints),
              HasSubstr("\"keypoints\""));
  std::string other = box;
  other.replace(other.find("1"), 1, "2");
  EXPECT_THAT(ResultError("[" + other + "]", IouType::kBox),
              HasSubstr("picture 2 is not in the truth"));
  EXPECT_NE(ResultError("{}", IouType::kBox), "");
  EXPECT_NE(ResultError("[{", IouType::kBox), "");
  EXPECT_NE(ResultError("[" + box + "] x", IouType::kBox), "");
}

TEST(CocoTest, AnErrorLeavesTheResultAsItWas) {
  const MemoryFile truth(kTruth);
  fcis_records* records = nullptr;
  ASSERT_EQ(fcis_records_open(truth.path().c_str(), 0, &records, nullptr, 0),
            FCIS_OK);
  fcis_records* const before = records;
  EXPECT_EQ(fcis_records_open("/none.json", 0, &records, nullptr, 0),
            FCIS_NOT_FOUND);
  EXPECT_EQ(records, before);
  fcis_masks* masks = nullptr;
  ASSERT_EQ(
      fcis_masks_from_strings(0, nullptr, nullptr, nullptr, &masks, nullptr, 0),
      FCIS_OK);
  fcis_masks* const none = masks;
  EXPECT_NE(fcis_records_masks(records, nullptr, &masks, nullptr, 0), FCIS_OK);
  EXPECT_NE(fcis_masks_encode(nullptr, 1, 1, 1, &masks, nullptr, 0), FCIS_OK);
  EXPECT_NE(
      fcis_masks_from_counts(1, nullptr, nullptr, nullptr, &masks, nullptr, 0),
      FCIS_OK);
  const int64_t sizes[] = {1, 1}, ends[] = {1};
  EXPECT_NE(fcis_masks_from_strings(1, sizes, "z", ends, &masks, nullptr, 0),
            FCIS_OK);
  EXPECT_EQ(masks, none);
  fcis_evaluation_input input = {};
  input.struct_size = sizeof(input);
  fcis_evaluation* evaluation = nullptr;
  ASSERT_EQ(fcis_evaluation_new(&input, &evaluation, nullptr, 0), FCIS_OK);
  fcis_evaluation* const empty = evaluation;
  input.struct_size = 1;
  EXPECT_NE(fcis_evaluation_new(&input, &evaluation, nullptr, 0), FCIS_OK);
  EXPECT_EQ(evaluation, empty);
  fcis_evaluation_free(evaluation);
  fcis_masks_free(masks);
  fcis_records_free(records);
}

TEST(CocoTest, BadColumnsAreNamed) {
  const auto error = [](const CocoTruth& truth, const CocoRecords& found) {
    return CocoEvaluation::Run(truth, found).error().message;
  };
  CocoRecords found = Found();
  found.areas.pop_back();
  EXPECT_THAT(error(Truth(), found), HasSubstr("areas: 2 entries, expected 3"));
  found = Found();
  found.scores.clear();
  EXPECT_THAT(error(Truth(), found), HasSubstr("detection_scores"));
  CocoTruth truth = Truth();
  truth.objects.crowd = {1};
  EXPECT_THAT(error(truth, Found()), HasSubstr("crowd"));
  truth = Truth();
  truth.type = IouType::kMask;
  EXPECT_THAT(error(truth, Found()), HasSubstr("masks"));
  truth.type = IouType::kKeypoints;
  EXPECT_THAT(error(truth, Found()), HasSubstr("keypoints"));
  CocoParams params(IouType::kKeypoints);
  params.use_categories = false;
  EXPECT_FALSE(CocoEvaluation::Run(truth, Found(), params).ok());
}

// Calls every function with arguments drawn from all that is wrong with them,
// and some that are right.
class RandomCalls {
 public:
  RandomCalls() : truth_(kTruth), results_("[]"), bad_("[{]") {
    const int64_t sizes[] = {5, 7, 5, 7, 5, 7, 5, 7}, ends[] = {2, 4, 6, 8};
    const uint32_t counts[] = {3, 4, 0, 35, 1, 1, 35, 0};
    for (int64_t n = 0; n <= 4; ++n) {
      fcis_masks* masks = nullptr;
      fcis_masks_from_counts(n, sizes, counts, ends, &masks, nullptr, 0);
      masks_.push_back(masks);
    }
    records_ = {nullptr};
    for (const MemoryFile* file : {&truth_, &results_}) {
      fcis_records* records = nullptr;
      EXPECT_EQ(fcis_records_open(file->path().c_str(), file == &results_,
                                  &records, nullptr, 0),
                FCIS_OK);
      records_.push_back(records);
    }
  }
  ~RandomCalls() {
    for (fcis_masks* masks : masks_) fcis_masks_free(masks);
    for (fcis_records* records : records_) fcis_records_free(records);
    fcis_evaluation_free(evaluation_);
  }

  void Before() {
    error_at_ = Pick<char*>({nullptr, error_});
    error_size_ = Pick<size_t>({0, 1, sizeof(error_)});
    if (random_() % 4 != 0) return;
    // Others see another evaluation.
    New();
    if (random_() % 2 == 0) Match();
  }

  void After(int status) {
    if (error_at_ != nullptr && error_size_ > 1) {
      EXPECT_EQ(status == FCIS_OK, error_[0] == '\0');
    }
  }

  std::vector<Door> Doors() {
    return {
        {"fcis_records_open", [this] { return Open(); }},
        {"fcis_records_columns", [this] { return Columns(); }},
        {"fcis_records_masks", [this] { return RecordMasks(); }},
        {"fcis_records_keypoints", [this] { return Keypoints(); }},
        {"fcis_evaluation_new", [this] { return New(); }},
        {"fcis_evaluation_cells", [this] { return Cells(); }},
        {"fcis_evaluation_match", [this] { return Match(); }},
        {"fcis_evaluation_match_keypoints",
         [this] { return MatchKeypoints(); }},
        {"fcis_evaluation_ious", [this] { return Ious(); }},
        {"fcis_evaluation_matches", [this] { return Matches(); }},
        {"fcis_evaluation_accumulate", [this] { return Accumulate(); }},
    };
  }

 private:
  static constexpr size_t kRoom = 1024;

  template <typename T>
  T Pick(std::vector<T> values) {
    return values[random_() % values.size()];
  }
  template <typename T>
  T* Maybe(T* values) {
    return random_() % 40 == 0 ? nullptr : values;
  }
  int64_t Count(int64_t most) {
    if (random_() % 30 == 0) {
      return Pick<int64_t>({-1, int64_t{1} << 40, kMost, kLeast});
    }
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(most + 1));
  }
  double Number() {
    return Pick<double>(
        {0, 1, 2, 5, .5, .5, .75, -1, 1e5, kNan, HUGE_VAL, -HUGE_VAL});
  }

  int Open() {
    fcis_records* made = nullptr;
    const int status = fcis_records_open(
        Pick<const char*>({nullptr, "", "/", "/none", truth_.path().c_str(),
                           results_.path().c_str(), bad_.path().c_str()}),
        Pick<int>({0, 1, -1}), Maybe(&made), error_at_, error_size_);
    fcis_records_free(made);
    return status;
  }
  int Columns() {
    fcis_record_columns columns = {};
    columns.struct_size = Pick<size_t>({0, sizeof(columns), SIZE_MAX});
    return fcis_records_columns(Pick(records_), Maybe(&columns), error_at_,
                                error_size_);
  }
  int RecordMasks() {
    int64_t sizes[2];
    for (int64_t& size : sizes) size = Pick<int64_t>({0, 5, -1, kMost});
    fcis_masks* made = nullptr;
    const int status = fcis_records_masks(Pick(records_), Maybe(sizes),
                                          Maybe(&made), error_at_, error_size_);
    fcis_masks_free(made);
    return status;
  }
  int Keypoints() {
    return fcis_records_keypoints(Pick(records_), Maybe(integers_),
                                  Maybe(integers_ + 9), Maybe(doubles_),
                                  Pick<size_t>({0, 2, 3, kRoom}),
                                  Maybe(&needed_), error_at_, error_size_);
  }

  // Sets the sizes that the calls below are made for.
  int New() {
    for (int64_t& cell : cells_) cell = Count(3);
    for (double& number : numbers_) number = Number();
    for (uint8_t& flag : flags_) flag = random_() % 3 == 0;
    fcis_evaluation_input in = {};
    in.struct_size = random_() % 30 == 0 ? 0 : sizeof(in);
    in.classes = Count(2);
    in.images = Count(2);
    in.objects = Count(4);
    in.object_cells = Maybe(cells_);
    in.object_ids = Maybe(numbers_);
    in.object_areas = Maybe(numbers_ + 8);
    in.object_ignore = Maybe(flags_);
    in.object_crowd = Maybe(flags_ + 8);
    in.object_boxes = Pick<double*>({nullptr, numbers_});
    in.object_masks = MasksOf(in.objects);
    in.detections = Count(4);
    in.detection_cells = Maybe(cells_ + 4);
    in.detection_ids = Maybe(numbers_ + 16);
    in.detection_areas = Maybe(numbers_ + 24);
    in.detection_scores = Maybe(numbers_ + 32);
    in.detection_boxes = Pick<double*>({nullptr, numbers_ + 40});
    in.detection_masks = MasksOf(in.detections);
    in.thresholds = Count(3);
    in.iou_thresholds = Maybe(numbers_ + 56);
    in.areas = Count(2);
    in.area_ranges = Maybe(numbers_ + 60);
    in.max_detections = Pick<int64_t>({0, 1, 2, 100, -1, kMost, kLeast});
    fcis_evaluation* made = nullptr;
    const int status =
        fcis_evaluation_new(Maybe(&in), Maybe(&made), error_at_, error_size_);
    if (made == nullptr) return status;
    fcis_evaluation_free(evaluation_);
    evaluation_ = made;
    return status;
  }
  // Of that length, or of another.
  const fcis_masks* MasksOf(int64_t n) {
    if (random_() % 3 == 0) return nullptr;
    if (n < 0 || n > 4 || random_() % 4 == 0) return Pick(masks_);
    return masks_[static_cast<size_t>(n)];
  }

  // Buffers have room for what the largest evaluation of New gives.
  fcis_evaluation* Evaluation() {
    fcis_evaluation* const e = random_() % 20 == 0 ? nullptr : evaluation_;
    EXPECT_LE(fcis_evaluation_detections(e), 4);
    EXPECT_LE(fcis_evaluation_pairs(e), 16);
    return e;
  }
  int Cells() {
    return fcis_evaluation_cells(
        Evaluation(), Maybe(integers_), Maybe(integers_ + 64),
        Maybe(integers_ + 128), Maybe(integers_ + 192), error_at_, error_size_);
  }
  int Match() {
    return fcis_evaluation_match(Evaluation(),
                                 Pick<double*>({nullptr, numbers_}), error_at_,
                                 error_size_);
  }
  int MatchKeypoints() {
    return fcis_evaluation_match_keypoints(
        Evaluation(), Count(2), Maybe(numbers_), Maybe(numbers_),
        Maybe(numbers_ + 9), error_at_, error_size_);
  }
  int Ious() {
    return fcis_evaluation_ious(Evaluation(), Maybe(doubles_), error_at_,
                                error_size_);
  }
  int Matches() {
    return fcis_evaluation_matches(Evaluation(), Count(2), Maybe(doubles_),
                                   Maybe(bytes_), Maybe(doubles_ + 64),
                                   Maybe(integers_), Maybe(bytes_ + 64),
                                   error_at_, error_size_);
  }
  int Accumulate() {
    return fcis_evaluation_accumulate(
        Evaluation(), Count(3), Maybe(numbers_), Count(2), Maybe(cells_),
        Maybe(doubles_), Maybe(doubles_ + 256), Maybe(doubles_ + 512),
        error_at_, error_size_);
  }

  std::mt19937 random_{29};
  MemoryFile truth_, results_, bad_;
  std::vector<fcis_masks*> masks_;
  std::vector<fcis_records*> records_;
  fcis_evaluation* evaluation_ = nullptr;
  int64_t cells_[8] = {};
  double numbers_[64] = {};
  uint8_t flags_[16] = {};
  // Written to.
  int64_t integers_[kRoom];
  double doubles_[kRoom];
  uint8_t bytes_[kRoom];
  char error_[100] = "";
  char* error_at_ = nullptr;
  size_t error_size_ = 0, needed_ = 0;
};

TEST(CocoTest, AnyArgumentsGiveAStatus) {
  RandomCalls calls;
  const std::vector<int> seen = StatusesOf(&calls);
  EXPECT_GT(seen[FCIS_OK], 1000);
  EXPECT_GT(seen[FCIS_INVALID_ARGUMENT], 1000);
  EXPECT_GT(seen[FCIS_NOT_FOUND], 10);
  EXPECT_GT(seen[FCIS_BUFFER_TOO_SMALL], 10);
  EXPECT_EQ(seen[FCIS_INTERNAL], 0);
}

TEST(CocoTest, SmallBuffersAreErrors) {
  const MemoryFile file(kTruth);
  fcis_records* records = nullptr;
  ASSERT_EQ(fcis_records_open(file.path().c_str(), 0, &records, nullptr, 0),
            FCIS_OK);
  double numbers[2] = {-7, -7};
  size_t needed = 0;
  EXPECT_EQ(fcis_records_keypoints(records, nullptr, nullptr, numbers, 2,
                                   &needed, nullptr, 0),
            FCIS_BUFFER_TOO_SMALL);
  EXPECT_EQ(needed, 3u);
  EXPECT_EQ(numbers[0], -7);
  fcis_records_free(records);
}

// Masks on one side alone: there are boxes to compare.
TEST(CocoTest, MasksOfOneSideAreNotCompared) {
  const int64_t cell = 0, sizes[] = {5, 5}, end = 1;
  const uint32_t counts = 3;
  const double id = 1, area = 1, score = 1, box[] = {0, 0, 2, 2};
  const double threshold = .5, range[] = {0, 1e5};
  const uint8_t flag = 0;
  fcis_masks* masks = nullptr;
  fcis_masks_from_counts(1, sizes, &counts, &end, &masks, nullptr, 0);
  fcis_evaluation_input in = {};
  in.struct_size = sizeof(in);
  in.classes = in.images = in.objects = in.detections = 1;
  in.object_cells = in.detection_cells = &cell;
  in.object_ids = in.detection_ids = &id;
  in.object_areas = in.detection_areas = &area;
  in.object_ignore = in.object_crowd = &flag;
  in.detection_scores = &score;
  in.object_boxes = in.detection_boxes = box;
  in.object_masks = masks;
  in.thresholds = in.areas = 1;
  in.iou_thresholds = &threshold;
  in.area_ranges = range;
  in.max_detections = 1;
  fcis_evaluation* evaluation = nullptr;
  ASSERT_EQ(fcis_evaluation_new(&in, &evaluation, nullptr, 0), FCIS_OK);
  double iou = 0;
  EXPECT_EQ(fcis_evaluation_ious(evaluation, &iou, nullptr, 0),
            FCIS_INVALID_ARGUMENT);  // before it is matched
  EXPECT_EQ(fcis_evaluation_match(evaluation, nullptr, nullptr, 0), FCIS_OK);
  EXPECT_EQ(fcis_evaluation_ious(evaluation, &iou, nullptr, 0), FCIS_OK);
  EXPECT_EQ(iou, 1);
  fcis_evaluation_free(evaluation);
  fcis_masks_free(masks);
}

}  // namespace
}  // namespace fcis::api
