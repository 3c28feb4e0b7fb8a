#include "fcis/eval/report/html_report.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/escaping.h"
#include "fcis/core/page/page.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/json/json_writer.h"
#include "fcis/eval/coco/score_json.h"
#include "fcis/eval/coco/score_table.h"
#include "fcis/eval/report/browse_json.h"
#include "fcis/eval/report/calibration.h"
#include "fcis/eval/report/explanation.h"
#include "fcis/eval/report/page_template.h"
#include "fcis/eval/report/picture_panels.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::eval {
namespace {

namespace fs = std::filesystem;

constexpr int kCalibrationBins = 10;
constexpr size_t kMaxCurves = 10;
constexpr size_t kPicturesPerList = 6;
constexpr int kJpegQuality = 80;
constexpr int kEveryClass = -1;

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

// Precision at each recall, for the usual number of detections and all areas;
// the mean over the classes that have ground truth. Empty: none has, or no
// range is called "all".
std::vector<double> PrecisionCurve(const Evaluation& evaluation, int threshold,
                                   int klass) {
  const std::vector<AreaRange>& ranges = evaluation.options.area_ranges;
  const EvalCurves& curves = evaluation.curves;
  const auto range = absl::c_find_if(
      ranges, [](const AreaRange& r) { return r.label == "all"; });
  if (range == ranges.end()) return {};
  const int a = static_cast<int>(range - ranges.begin());
  const int m = std::min(2, curves.M - 1);
  const int first = klass == kEveryClass ? 0 : klass;
  const int last = klass == kEveryClass ? curves.K : klass + 1;
  std::vector<double> curve;
  for (int r = 0; r < curves.R; ++r) {
    double sum = 0;
    int classes = 0;
    for (int k = first; k < last; ++k) {
      const double value = curves.precision[curves.At(threshold, r, k, a, m)];
      if (value < 0) continue;
      sum += value;
      ++classes;
    }
    if (classes == 0) return {};
    curve.push_back(sum / classes);
  }
  return curve;
}

void PutCurves(const Evaluation& evaluation, Json& json) {
  const std::vector<double>& ious = evaluation.options.iou_thresholds;
  data::PutArray("recalls", evaluation.options.recall_thresholds, json);
  data::PutList("curves", json, [&] {
    for (size_t t = 0; t < std::min(ious.size(), kMaxCurves); ++t) {
      const std::vector<double> curve =
          PrecisionCurve(evaluation, static_cast<int>(t), kEveryClass);
      if (curve.empty()) continue;
      data::PutObject(json, [&] {
        data::PutMember("iou", ious[t], json);
        data::PutArray("precision", curve, json);
      });
    }
  });
}

void PutSizes(const EvalSummary& summary, Json& json) {
  data::PutArray("size_columns", SizeColumns(summary), json);
  data::PutArray("sizes", summary.sizes, json, [&](const SizeScore& size) {
    data::PutObject(json, [&] {
      data::PutMember("label", size.label, json);
      data::PutMember("AP", size.ap, json);
      data::PutMember("AR", size.ar, json);
    });
  });
}

int64_t CountObjects(const GroundTruth& truth, int klass) {
  return absl::c_count_if(truth.ObjectsOf(klass), [&](uint32_t i) {
    return !truth.objects()[i].ignore;
  });
}

// One per row of the scores' "per_category".
void PutCategories(const Evaluation& evaluation, Json& json) {
  const EvalOptions& options = evaluation.options;
  const auto half = absl::c_find(options.iou_thresholds, .5);
  const bool has_half = half != options.iou_thresholds.end();
  const int threshold = static_cast<int>(half - options.iou_thresholds.begin());
  data::PutMember("has_iou_50", has_half, json);
  data::PutArray(
      "categories", CategoryRows(evaluation), json,
      [&](const CategoryRow& row) {
        const int klass =
            options.class_agnostic ? 0 : evaluation.truth.FindCategory(row.id);
        data::PutObject(json, [&] {
          data::PutMember("label", row.label, json);
          data::PutMember("objects", CountObjects(evaluation.truth, klass),
                          json);
          if (!has_half) return;
          data::PutArray("precision",
                         PrecisionCurve(evaluation, threshold, klass), json);
        });
      });
}

void PutErrors(const ErrorBreakdown& breakdown, Json& json) {
  data::PutObject("errors", json, [&] {
    data::PutMember("ap", breakdown.ap, json);
    data::PutArray("counts", breakdown.counts, json);
    data::PutArray("gains", breakdown.gains, json);
    data::PutMember("false_positives", breakdown.false_positive_gain, json);
    data::PutMember("false_negatives", breakdown.false_negative_gain, json);
  });
}

void PutConfusion(const Explanation& explanation, Json& json) {
  const ConfusionMatrix matrix =
      Confuse(explanation.table, explanation.point.score);
  const auto size = static_cast<size_t>(matrix.num_classes) + 1;
  data::PutArray("class_names", explanation.class_names, json);
  data::PutList("confusion", json, [&] {
    for (size_t row = 0; row < size; ++row) {
      data::PutList(json, [&] {
        for (size_t i = 0; i < size; ++i) {
          json.Int64(matrix.counts[row * size + i]);
        }
      });
    }
  });
}

void PutCalibration(const Explanation& explanation, Json& json) {
  const Calibration calibration =
      Calibrate(explanation.outcomes, kCalibrationBins);
  data::PutObject("calibration", json, [&] {
    data::PutArray("bins", calibration.bins, json,
                   [&](const CalibrationBin& bin) {
                     data::PutObject(json, [&] {
                       data::PutMember("detections", bin.detections, json);
                       data::PutMember("mean_score", bin.mean_score, json);
                       data::PutMember("precision", bin.precision, json);
                     });
                   });
    data::PutMember("error", calibration.error, json);
    data::PutMember("overconfidence", calibration.overconfidence, json);
  });
  const OperatingPoint& point = explanation.point;
  data::PutObject("point", json, [&] {
    data::PutMember("score", point.score, json);
    data::PutMember("precision", point.precision, json);
    data::PutMember("recall", point.recall, json);
    data::PutMember("f1", point.f1, json);
  });
}

// The first of `ranked`, those whose file is there when pictures are shown.
std::vector<PictureScore> Choose(const PanelSource& source,
                                 std::vector<PictureScore> ranked) {
  if (!source.image_dir.empty()) {
    ranked.erase(std::remove_if(ranked.begin(), ranked.end(),
                                [&](const PictureScore& score) {
                                  return !HasPictureFile(source, score.picture);
                                }),
                 ranked.end());
  }
  ranked.resize(std::min(ranked.size(), kPicturesPerList));
  return ranked;
}

// A picture, twice, as Base64 of a JPEG, or why there is none.
void PutPanel(const PicturePanel& panel, Json& json) {
  std::string problem = panel.problem;
  for (const auto& [key, image] : {std::pair("truth_jpeg", &panel.truth),
                                   std::pair("found_jpeg", &panel.found)}) {
    if (!problem.empty()) break;
    const absl::StatusOr<std::string> jpeg =
        data::EncodeJpeg(*image, kJpegQuality);
    if (jpeg.ok()) {
      data::PutMember(key, absl::Base64Escape(*jpeg), json);
    } else {
      problem = std::string(jpeg.status().message());
    }
  }
  data::PutMember("problem", problem, json);
}

void PutPictureList(const char* key, const PanelSource& source,
                    const std::vector<PictureScore>& list, Json& json) {
  std::vector<int> pictures;
  for (const PictureScore& score : list) pictures.push_back(score.picture);
  std::vector<PicturePanel> panels;
  if (!source.image_dir.empty()) panels = DrawPanels(source, pictures);
  size_t i = 0;
  data::PutArray(key, list, json, [&](const PictureScore& score) {
    data::PutObject(json, [&] {
      data::PutMember("name", PictureName(*source.evaluation, score.picture),
                      json);
      data::PutMember("quality", score.quality, json);
      data::PutMember("found", score.found, json);
      data::PutMember("missed", score.missed, json);
      data::PutMember("wrong", score.wrong, json);
      if (!panels.empty()) PutPanel(panels[i++], json);
    });
  });
}

void PutPictures(const PanelSource& source, Json& json) {
  std::vector<PictureScore> ranked =
      RankPictures(source.explanation->table, source.explanation->breakdown,
                   source.min_score);
  data::PutObject("pictures", json, [&] {
    data::PutMember("image_dir", source.image_dir, json);
    PutPictureList("best", source, Choose(source, ranked), json);
    absl::c_reverse(ranked);
    PutPictureList("worst", source, Choose(source, std::move(ranked)), json);
  });
}

// A path from the page's folder to the pictures'.
std::string ImageBase(const ReportOptions& options) {
  if (options.image_dir.empty()) return "";
  return (fs::path(options.image_dir).lexically_proximate(options.page_dir) /
          "")
      .string();
}

void PutRaw(absl::string_view key, const std::string& object, Json& json) {
  json.Key(key.data(), key.size());
  json.RawValue(object.data(), object.size(), rapidjson::kObjectType);
}

std::string FileName(const std::string& path) {
  return fs::path(path).filename().string();
}

// What report.html draws. Under "scores" stands ScoreJson.
std::string ReportJson(const Evaluation& evaluation,
                       const ReportOptions& options) {
  const Explanation explanation = Explain(evaluation);
  PanelSource source;
  source.evaluation = &evaluation;
  source.explanation = &explanation;
  source.image_dir = options.image_dir;
  source.min_score = explanation.point.score;
  BrowseOptions browse;
  browse.image_base = ImageBase(options);
  return data::JsonOf([&](auto& json) {
    data::PutObject(json, [&] {
      data::PutMember("results", FileName(evaluation.results_path), json);
      data::PutMember("annotations", FileName(evaluation.dataset->path), json);
      data::PutMember("objects",
                      absl::c_count_if(evaluation.truth.objects(),
                                       [](const TruthObject& object) {
                                         return !object.ignore;
                                       }),
                      json);
      PutRaw("scores", ScoreJson(evaluation, options.findings), json);
      PutCurves(evaluation, json);
      PutSizes(evaluation.summary, json);
      PutCategories(evaluation, json);
      PutErrors(explanation.breakdown, json);
      PutConfusion(explanation, json);
      PutCalibration(explanation, json);
      PutPictures(source, json);
      PutRaw("browse", BrowseJson(evaluation, explanation, browse), json);
    });
  });
}

}  // namespace

std::string HtmlReport(const Evaluation& evaluation,
                       const ReportOptions& options) {
  return MakePage(kReportHtml, ReportJson(evaluation, options));
}

}  // namespace fcis::eval
