#include "fcis/eval/coco/evaluate.h"

#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/memory_file.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::eval {
namespace {

using Json = rapidjson::Value;

// As scripts/make_eval_cases has it.
class ArrayHash {
 public:
  void Add(double value) {
    value += 0.0;
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    sum_ += RngBits(bits, index_++);
  }
  std::string Text() const { return absl::StrFormat("%016x", sum_); }

 private:
  uint64_t sum_ = 0, index_ = 0;
};

struct Hashes {
  std::string precision, recall, scores;
};

// In COCOeval's order of axes.
Hashes HashesOf(const EvalCurves& c) {
  ArrayHash precision, recall, scores;
  for (int t = 0; t < c.T; ++t) {
    for (int r = -1; r < c.R; ++r) {
      for (int k = 0; k < c.K; ++k) {
        for (int a = 0; a < c.A; ++a) {
          for (int m = 0; m < c.M; ++m) {
            if (r < 0) {
              recall.Add(c.recall[c.At(t, k, a, m)]);
            } else {
              precision.Add(c.precision[c.At(t, r, k, a, m)]);
              scores.Add(c.scores[c.At(t, r, k, a, m)]);
            }
          }
        }
      }
    }
  }
  return {precision.Text(), recall.Text(), scores.Text()};
}

std::vector<data::RecordId> Ids(const Json& list) {
  std::vector<data::RecordId> ids;
  for (const Json& id : list.GetArray()) {
    if (id.IsString()) {
      ids.emplace_back(absl::string_view(id.GetString()));
    } else {
      ids.emplace_back(id.GetInt64());
    }
  }
  return ids;
}

EvalOptions OptionsOf(const Json& test) {
  EvalOptions options;
  options.iou_type = test["iou_type"] == "bbox"   ? IouType::kBbox
                     : test["iou_type"] == "segm" ? IouType::kSegm
                                                  : IouType::kBoundary;
  if (test.HasMember("iou_thresholds")) {
    options.iou_thresholds.clear();
    for (const Json& t : test["iou_thresholds"].GetArray()) {
      options.iou_thresholds.push_back(t.GetDouble());
    }
  }
  if (test.HasMember("max_dets")) {
    options.max_dets.clear();
    for (const Json& m : test["max_dets"].GetArray()) {
      options.max_dets.push_back(m.GetInt());
    }
  }
  if (test.HasMember("area_ranges")) {
    options.area_ranges.clear();
    for (const Json& a : test["area_ranges"].GetArray()) {
      options.area_ranges.push_back(
          {a[0].GetString(), a[1].GetDouble(), a[2].GetDouble()});
    }
  }
  if (test.HasMember("image_ids")) options.image_ids = Ids(test["image_ids"]);
  if (test.HasMember("category_ids")) {
    options.category_ids = Ids(test["category_ids"]);
  }
  options.class_agnostic = test.HasMember("class_agnostic");
  options.boxes_as_masks = true;  // as pycocotools
  return options;
}

absl::StatusOr<Evaluation> EvaluateTexts(const std::string& truth,
                                         const std::string& results,
                                         const EvalOptions& options) {
  const std::string gt = testing::TempDir() + "/gt.json";
  const std::string dt = testing::TempDir() + "/dt.json";
  EXPECT_TRUE(WriteFileAtomic(gt, truth).ok());
  EXPECT_TRUE(WriteFileAtomic(dt, results).ok());
  return Evaluate(gt, dt, options);
}

// Every number of pycocotools, for any number of threads.
TEST(EvaluateTest, EqualsPycocotoolsBitForBit) {
  const auto cases = ReadFile("fcis/eval/coco/testdata/cases.jsonl");
  ASSERT_TRUE(cases.ok()) << cases.status();
  int count = 0;
  for (const absl::string_view line :
       absl::StrSplit(*cases, '\n', absl::SkipEmpty())) {
    rapidjson::Document test;
    test.Parse<rapidjson::kParseFullPrecisionFlag>(line.data(), line.size());
    ASSERT_FALSE(test.HasParseError());
    SCOPED_TRACE(test["name"].GetString());
    SetNumThreads(1 + count++ % 3);
    const MemoryFile gt(test["gt"].GetString()), dt(test["dt"].GetString());
    const auto evaluation = Evaluate(gt.path(), dt.path(), OptionsOf(test));
    ASSERT_TRUE(evaluation.ok()) << evaluation.status();
    for (size_t i = 0; i < evaluation->summary.stats.size(); ++i) {
      EXPECT_EQ(evaluation->summary.stats[i],
                test["stats"][static_cast<rapidjson::SizeType>(i)].GetDouble())
          << "stat " << i;
    }
    // By size, COCO's three are among the twelve.
    const auto& stats = evaluation->summary.stats;
    for (const SizeScore& size : evaluation->summary.sizes) {
      const size_t i = size.label == "small"    ? 3
                       : size.label == "medium" ? 4
                       : size.label == "large"  ? 5
                                                : stats.size();
      if (i == stats.size()) continue;
      EXPECT_EQ(size.ap, stats[i]) << size.label;
      EXPECT_EQ(size.ar, stats[i + 6]) << size.label;
    }
    const Hashes hashes = HashesOf(evaluation->curves);
    EXPECT_EQ(hashes.precision, test["precision"].GetString());
    EXPECT_EQ(hashes.recall, test["recall"].GetString());
    EXPECT_EQ(hashes.scores, test["scores"].GetString());
  }
  EXPECT_GT(count, 200);
}

constexpr char kTruth[] = R"({
  "images": [{"id": 1, "height": 20, "width": 20}, {"id": "x"}],
  "categories": [{"id": 1, "name": "a"}],
  "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "area": 100,
                   "bbox": [0, 0, 10, 10],
                   "segmentation": [[0, 0, 10, 0, 10, 10, 0, 10]]}]})";

double Ap(const std::string& truth, const std::string& results,
          const EvalOptions& options) {
  const auto evaluation = EvaluateTexts(truth, results, options);
  EXPECT_TRUE(evaluation.ok()) << evaluation.status();
  return evaluation.ok() ? evaluation->summary.stats[0] : -2;
}

// Where pycocotools gives up.
TEST(EvaluateTest, AcceptsMoreThanPycocotools) {
  const EvalOptions segm;
  EXPECT_DOUBLE_EQ(Ap(kTruth, "[]", segm), 0);
  // Masks as polygons and as uncompressed runs; "iscrowd" is missing above.
  EXPECT_DOUBLE_EQ(
      Ap(kTruth, R"([{"image_id": 1, "category_id": 1, "score": 0.5,
    "segmentation": [[0, 0, 10, 0, 10, 10, 0, 10]]}])",
         segm),
      1);
  std::string runs = "0";
  for (int x = 0; x < 10; ++x) absl::StrAppend(&runs, ", 10, 10");
  EXPECT_DOUBLE_EQ(
      Ap(kTruth,
         absl::StrCat(R"([{"image_id": 1, "category_id": 1, "score": 1,
    "segmentation": {"size": [20, 20], "counts": [)",
                      runs, "]}}]"),
         segm),
      1);
}

TEST(EvaluateTest, TheSaneAnswers) {
  EvalOptions options;
  options.max_dets = {1, 2, 3};
  std::string zero = kTruth;
  zero.replace(zero.find("[{\"id\": 1, \"image_id\""), 10, "[{\"id\": 0,");
  const std::string found = R"([{"image_id": 1, "category_id": 1, "score": 1,
    "bbox": [0, 0, 20, 20],
    "segmentation": [[0, 0, 10, 0, 10, 10, 0, 10]]}])";
  auto odd = EvaluateTexts(zero, found, options);
  ASSERT_TRUE(odd.ok()) << odd.status();
  EXPECT_EQ(odd->summary.stats[0], -1);  // no 100 among max_dets
  EXPECT_EQ(odd->summary.stats[1], 0);   // id 0
  EXPECT_EQ(odd->detections.list[0].area, 400);
  options.sane = true;
  auto sane = EvaluateTexts(zero, found, options);
  ASSERT_TRUE(sane.ok()) << sane.status();
  EXPECT_DOUBLE_EQ(sane->summary.stats[0], 1);
  EXPECT_DOUBLE_EQ(sane->summary.stats[1], 1);
  EXPECT_EQ(sane->detections.list[0].area, 100);
}

// A square of 10 pixels and the same without its middle share three quarters of
// the mask but all of its boundary.
TEST(EvaluateTest, BoundaryIsNoBetterThanTheMask) {
  EvalOptions options;
  options.iou_type = IouType::kBoundary;
  const std::string results = R"([{"image_id": 1, "category_id": 1, "score": 1,
    "segmentation": [[1, 1, 10, 1, 10, 10, 1, 10]]}])";
  const auto boundary = EvaluateTexts(kTruth, results, options);
  ASSERT_TRUE(boundary.ok()) << boundary.status();
  options.iou_type = IouType::kSegm;
  const auto segm = EvaluateTexts(kTruth, results, options);
  ASSERT_TRUE(segm.ok()) << segm.status();
  // The mask: 81 of 100. The bands of one pixel: 17 of 36 + 32 - 17.
  ASSERT_EQ(segm->detections.overlaps.size(), 1u);
  EXPECT_EQ(segm->detections.overlaps[0].iou, .81);
  EXPECT_TRUE(boundary->detections.overlaps.empty());
}

// A few bytes that claim gigabytes.
TEST(EvaluateTest, BoundaryOfAHugeMaskIsAnError) {
  EvalOptions options;
  options.iou_type = IouType::kBoundary;
  const auto evaluate = [&options](const char* mask) {
    std::string truth = kTruth;
    const std::string polygon = "[[0, 0, 10, 0, 10, 10, 0, 10]]";
    truth.replace(truth.find(polygon), polygon.size(), mask);
    return EvaluateTexts(truth, "[]", options);
  };
  EXPECT_TRUE(
      evaluate(R"({"size": [8192, 8192], "counts": [0, 9, 67108855]})").ok());
  const auto evaluation =
      evaluate(R"({"size": [8193, 8192], "counts": [0, 9, 67117047]})");
  ASSERT_FALSE(evaluation.ok());
  EXPECT_NE(
      evaluation.status().message().find("annotation id 1 (annotations[0])"),
      absl::string_view::npos)
      << evaluation.status();
}

std::string ErrorOf(const std::string& truth, const std::string& results) {
  const auto evaluation = EvaluateTexts(truth, results, EvalOptions());
  EXPECT_FALSE(evaluation.ok()) << results;
  return std::string(evaluation.status().message());
}

TEST(EvaluateTest, BadInputIsNamed) {
  const auto expect = [](const std::string& error, const char* file,
                         const char* what) {
    EXPECT_NE(error.find(file), std::string::npos) << error;
    EXPECT_NE(error.find(what), std::string::npos) << error;
  };
  const std::string head = R"([{"image_id": 1, "category_id": 1)";
  const auto detection = [&](const std::string& rest) {
    return ErrorOf(kTruth, head + rest);
  };
  const std::string mask = R"("segmentation": {"size": [20, 20], "counts": ")";
  expect(detection(R"(, "score": 1, )" + mask + R"(0d0:"}})"), "dt.json",
         "expected ',' or ']'");
  expect(detection(R"(, "score": 1, )" + mask + R"(0d0"}}] x)"), "dt.json",
         "expected the end of the file");
  expect(detection(R"(, )" + mask + R"(0d0"}}])"), "results[0]", "\"score\"");
  expect(detection(R"(, "score": 1}])"), "results[0]",
         "neither \"bbox\" nor \"segmentation\"");
  expect(detection(R"(, "score": "1", )" + mask + R"(0d0"}}])"), "results[0]",
         "expected a score");
  expect(detection(R"(, "score": NaN, )" + mask + R"(0d0"}}])"), "results[0]",
         "not finite");
  expect(detection(R"(, "score": 1, )" + mask + R"(zz"}}])"), "results[0]",
         "corrupt RLE");
  expect(ErrorOf(kTruth, R"({"image_id": 1})"), "dt.json",
         "expected a list of detections");
  expect(ErrorOf(kTruth,
                 R"([{"image_id": 5, "category_id": 1, "score": 1, "bbox":
                 [1, 2, 3, 4]}])"),
         "results[0]", "image_id 5 is not in");
  expect(ErrorOf(kTruth,
                 R"([{"image_id": "1", "category_id": 1, "score": 1, "bbox":
                 [1, 2, 3, 4]}])"),
         "\"1\" is text where \"images\" has the number 1",
         "image_id \"1\" is not in");
  expect(ErrorOf(kTruth, std::string(1000000, '[')), "dt.json", "an object");
  expect(
      ErrorOf(R"({"images": [{"id": 1}], "annotations": [{"id": 1}]})", "[]"),
      "annotations[0]", "\"image_id\"");
  std::string no_area = kTruth;
  no_area.replace(no_area.find("\"area\""), 6, "\"aera\"");
  expect(ErrorOf(no_area, "[]"), "annotation id 1 (annotations[0])",
         "\"area\": expected a number, found nothing");
}

// All of them, whatever the first is and the number of threads.
TEST(EvaluateTest, BadDetectionsAreNamedTogether) {
  const std::string good =
      R"({"image_id": 1, "category_id": 1, "score": 1, "segmentation":
          {"size": [20, 20], "counts": "0d0"}})";
  const auto bad = [](int image, const char* score) {
    return absl::StrCat("{\"image_id\": ", image,
                        ", \"category_id\": 1, \"score\": ", score,
                        ", \"segmentation\": {\"size\": [20, 20], \"counts\": "
                        "\"0d0\"}}");
  };
  for (const int threads : {1, 3}) {
    SetNumThreads(threads);
    std::string error =
        ErrorOf(kTruth, absl::StrCat("[", good, ",", bad(5, "1"), ",", good,
                                     ",", bad(1, "\"1\""), ",7,", good, "]"));
    for (const char* part :
         {"dt.json: results[1]: byte ", "image_id 5 is not in",
          "dt.json: results[3]: byte ", "expected a score, a number",
          "dt.json: results[4]: byte ", "expected an object",
          "\n3 bad detections in "}) {
      EXPECT_NE(error.find(part), std::string::npos) << part << "\n" << error;
    }
    error = ErrorOf(kTruth, absl::StrCat("[", bad(1, "null"), ",", good, ",",
                                         bad(1, "NaN"), "]"));
    EXPECT_NE(error.find("results[0]"), std::string::npos) << error;
    EXPECT_NE(error.find("results[2]"), std::string::npos) << error;
    // Few are shown, all are counted.
    EvalOptions options;
    options.bad_annotations.max_messages = 2;
    std::string many = "[" + good;
    for (int i = 0; i < 500; ++i) absl::StrAppend(&many, ",", bad(5, "1"));
    error = std::string(
        EvaluateTexts(kTruth, many + "]", options).status().message());
    EXPECT_NE(error.find("results[2]"), std::string::npos) << error;
    EXPECT_EQ(error.find("results[3]"), std::string::npos) << error;
    EXPECT_NE(error.find("... and 498 more\n500 bad detections"),
              std::string::npos)
        << error;
  }
}

// pycocotools scores what is asked for, whatever the others are.
TEST(EvaluateTest, FaultsOfWhatIsNotEvaluatedAreRemarks) {
  std::string truth = kTruth;
  const std::string list = "\"annotations\": [";
  truth.insert(truth.find(list) + list.size(),
               R"({"id": 8, "image_id": 2, "category_id": 1},
                  {"id": 9, "image_id": 1, "category_id": 2},)");
  const auto evaluate = [&](const EvalOptions& options) {
    return EvaluateTexts(truth, "[]", options);
  };
  EvalOptions options;
  EXPECT_FALSE(evaluate(options).ok());
  options.image_ids = {data::RecordId(int64_t{1})};
  EXPECT_FALSE(evaluate(options).ok());
  options.category_ids = {data::RecordId(int64_t{1})};
  const auto evaluation = evaluate(options);
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  EXPECT_EQ(evaluation->truth.problems().remarks.count, 2);
}

constexpr char kTwoBad[] = R"({
  "images": [{"id": 1, "height": 20, "width": 20}],
  "categories": [{"id": 1, "name": "a"}],
  "annotations": [
    {"id": 1, "image_id": 1, "category_id": 1, "area": 100,
     "bbox": [0, 0, 10, 10], "segmentation": [[0, 0, 10, 0, 10, 10, 0, 10]]},
    {"id": 2, "image_id": 1, "category_id": 1, "area": "100", "bbox": null,
     "segmentation": [[0, 0, 10, 0, 10, 10, 0, 10]]},
    {"id": 3, "image_id": 1, "category_id": 1, "area": 100,
     "bbox": [0, 0, 10, 10], "segmentation": [10, 20]}]})";

TEST(EvaluateTest, Case25BadAnnotationsAreAllNamed) {
  const std::string error = ErrorOf(kTwoBad, "[]");
  EXPECT_NE(error.find("annotation id 2 (annotations[1]): \"area\": expected a "
                       "number, found \"100\""),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("annotation id 3 (annotations[2]): \"segmentation\": "),
            std::string::npos)
      << error;
  EXPECT_EQ(error.find("\"bbox\""), std::string::npos) << error;
}

TEST(EvaluateTest, BadAnnotationsCanBeLeftOut) {
  EvalOptions options;
  options.bad_annotations.skip = true;
  const auto evaluation =
      EvaluateTexts(kTwoBad, R"([{"image_id": 1, "category_id": 1, "score": 1,
      "segmentation": [[0, 0, 10, 0, 10, 10, 0, 10]]}])",
                    options);
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  EXPECT_DOUBLE_EQ(evaluation->summary.stats[0], 1);
  EXPECT_EQ(evaluation->truth.objects().size(), 1u);
  EXPECT_EQ(evaluation->truth.problems().errors.count, 2);
}

// As when they are numbers below 2^53.
TEST(EvaluateTest, Case14IdsOfSixtyFourBits) {
  const auto text = [](std::string json) {
    return absl::StrReplaceAll(
        json, {{"#1", "18446744073709551615"}, {"#2", "18446744073709551614"}});
  };
  EXPECT_DOUBLE_EQ(Ap(text(R"({"images": [{"id": #1}, {"id": #2}],
      "categories": [{"id": 1}], "annotations": [
      {"id": 1, "image_id": #1, "category_id": 1, "area": 100,
       "bbox": [0, 0, 10, 10]},
      {"id": 2, "image_id": #2, "category_id": 1, "area": 100,
       "bbox": [20, 20, 10, 10]}]})"),
                      text(R"([{"image_id": #2, "category_id": 1, "score": 1,
       "bbox": [20, 20, 10, 10]}, {"image_id": #1, "category_id": 1,
       "score": 0.5, "bbox": [0, 0, 10, 10]}])"),
                      [] {
                        EvalOptions options;
                        options.iou_type = IouType::kBbox;
                        return options;
                      }()),
                   1);
}

constexpr char kBox[] = R"("image_id": 1, "category_id": 1, "score": 1,
    "bbox": [0, 0, 10, 10])";

// Boxes would be scored as masks without a word.
TEST(BugCaseTest, Case19BoxesOnlyForSegm) {
  const std::string boxes = absl::StrCat("[{", kBox, "}]");
  const std::string none = ErrorOf(kTruth, boxes);
  EXPECT_NE(none.find("dt.json: results[0]: no \"segmentation\"; 1 of 1 "),
            std::string::npos)
      << none;
  EXPECT_NE(none.find("--iou_type bbox"), std::string::npos) << none;
  const std::string whole =
      absl::StrCat("{", kBox, R"(, "segmentation": [[0, 0, 9, 0, 9, 9]]})");
  std::string some = absl::StrCat("[", whole);
  // The first without a mask is in the second of three parts.
  for (int i = 1; i < 3000; ++i) {
    absl::StrAppend(&some, ", ",
                    i < 1400 ? whole : absl::StrCat("{", kBox, "}"));
  }
  absl::StrAppend(&some, "]");
  for (const int threads : {1, 3}) {
    SetNumThreads(threads);
    const std::string mixed = ErrorOf(kTruth, some);
    EXPECT_NE(mixed.find("results[1400]: no \"segmentation\"; 1600 of 3000 "),
              std::string::npos)
        << mixed;
  }
  const std::string masks_first = ErrorOf(
      kTruth, absl::StrCat(R"([{"image_id": 1, "category_id": 1, "score": 1,
        "segmentation": [[0, 0, 9, 0, 9, 9]]}, {)",
                           kBox, "}]"));
  EXPECT_NE(masks_first.find("results[1]: no \"segmentation\"; 1 of 2 "),
            std::string::npos)
      << masks_first;

  // pycocotools draws the box, and takes a mask's box where boxes are compared.
  EvalOptions options;
  options.boxes_as_masks = true;
  EXPECT_DOUBLE_EQ(Ap(kTruth, boxes, options), 1);
  options = EvalOptions();
  options.iou_type = IouType::kBbox;
  EXPECT_DOUBLE_EQ(Ap(kTruth, boxes, options), 1);
  EXPECT_DOUBLE_EQ(Ap(kTruth, R"([{"image_id": 1, "category_id": 1, "score": 1,
        "segmentation": [[0, 0, 10, 0, 10, 10, 0, 10]]}])",
                      options),
                   1);
}

TEST(BugCaseTest, Case21SwappedFiles) {
  const std::string list = absl::StrCat("[{", kBox, "}]");
  const std::string swapped = ErrorOf(list, kTruth);
  EXPECT_NE(swapped.find("expected an object"), std::string::npos) << swapped;
  EXPECT_NE(swapped.find("look swapped"), std::string::npos) << swapped;
  for (const std::string& error :
       {ErrorOf(list, list), ErrorOf(kTruth, kTruth)}) {
    EXPECT_EQ(error.find("swapped"), std::string::npos) << error;
  }
}

TEST(EvaluateTest, MissingFilesAreErrors) {
  EXPECT_FALSE(Evaluate("/nowhere", "/nowhere", EvalOptions()).ok());
}

}  // namespace
}  // namespace fcis::eval
