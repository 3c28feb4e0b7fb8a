#include "fcis/eval/report/html_report.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <system_error>

#include "absl/algorithm/container.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/data/codec/jpeg_writer.h"
#include "fcis/eval/report/calibration.h"
#include "fcis/eval/report/confusion.h"
#include "fcis/eval/report/error_sections.h"
#include "fcis/eval/report/escape_html.h"
#include "fcis/eval/report/explanation.h"
#include "fcis/eval/report/page_frame.h"
#include "fcis/eval/report/picture_panels.h"
#include "fcis/eval/report/picture_scores.h"
#include "fcis/eval/report/score_sections.h"

namespace fcis {
namespace {

namespace fs = std::filesystem;

constexpr int kCalibrationBins = 10;
constexpr size_t kPicturesPerList = 6;
constexpr int kJpegQuality = 80;

absl::string_view IouName(IouType type) {
  switch (type) {
    case IouType::kSegm:
      return "masks";
    case IouType::kBbox:
      return "boxes";
    case IouType::kBoundary:
      return "boundaries";
  }
  return "";
}

std::string FileName(const std::string& path) {
  return fs::path(path).filename().string();
}

std::string Header(const Evaluation& evaluation, const ReportOptions& options) {
  const GroundTruth& truth = evaluation.truth;
  const int64_t objects = absl::c_count_if(
      truth.objects(), [](const TruthObject& o) { return !o.ignore; });
  std::string html = absl::StrCat(
      "<h1>", EscapeHtml(FileName(evaluation.results_path)),
      "</h1>\n<p class=\"dim\">", evaluation.detections.list.size(),
      " detections against ", objects, " objects in ", truth.images().size(),
      " pictures of ", EscapeHtml(FileName(evaluation.dataset->path)), "; ",
      IouName(evaluation.options.iou_type), " are compared",
      evaluation.options.class_agnostic ? ", whatever the category" : "",
      ".</p>\n<nav>");
  constexpr absl::string_view kSections[][2] = {{"numbers", "Numbers"},
                                                {"curves", "Curves"},
                                                {"sizes", "Sizes"},
                                                {"categories", "Categories"},
                                                {"errors", "Errors"},
                                                {"confusion", "Confusion"},
                                                {"calibration", "Calibration"},
                                                {"pictures", "Pictures"}};
  for (const auto& [id, name] : kSections) {
    absl::StrAppend(&html, "<a href=\"#", id, "\">", name, "</a>");
  }
  html += "</nav>\n";
  for (const std::string& finding : options.findings) {
    absl::StrAppend(&html, "<div class=\"warning\">", EscapeHtml(finding),
                    "</div>\n");
  }
  return html;
}

std::string Caption(const Evaluation& evaluation, const PictureScore& score) {
  return absl::StrFormat(
      "%s <span class=\"dim\">quality %.2f: %d found, %d missed, %d "
      "wrong</span>",
      EscapeHtml(PictureName(evaluation, score.picture)), score.quality,
      score.found, score.missed, score.wrong);
}

absl::StatusOr<std::string> Figure(const Image& image,
                                   absl::string_view caption) {
  ASSIGN_OR_RETURN(const std::string jpeg, EncodeJpeg(image, kJpegQuality));
  return absl::StrCat("<figure><img loading=\"lazy\" alt=\"", caption,
                      "\" src=\"data:image/jpeg;base64,",
                      absl::Base64Escape(jpeg), "\"><figcaption>", caption,
                      "</figcaption></figure>");
}

absl::StatusOr<std::string> Pair(const PicturePanel& panel) {
  if (!panel.problem.empty()) return absl::NotFoundError(panel.problem);
  ASSIGN_OR_RETURN(const std::string truth, Figure(panel.truth, "annotated"));
  ASSIGN_OR_RETURN(const std::string found, Figure(panel.found, "found"));
  return absl::StrCat("<div class=\"pair\">", truth, found, "</div>");
}

std::string Panel(const Evaluation& evaluation, const PictureScore& score,
                  const PicturePanel& panel) {
  const absl::StatusOr<std::string> pair = Pair(panel);
  return absl::StrCat(
      "<div class=\"picture\"><h4>", Caption(evaluation, score), "</h4>",
      pair.ok() ? *pair
                : absl::StrCat("<p class=\"note\">",
                               EscapeHtml(pair.status().message()), "</p>"),
      "</div>\n");
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

absl::StatusOr<std::string> PictureList(const PanelSource& source,
                                        const std::vector<PictureScore>& list) {
  std::string html;
  if (source.image_dir.empty()) {
    for (const PictureScore& score : list) {
      absl::StrAppend(&html, "<li>", Caption(*source.evaluation, score),
                      "</li>\n");
    }
    return absl::StrCat("<ol>", html, "</ol>\n");
  }
  std::vector<int> pictures;
  for (const PictureScore& score : list) pictures.push_back(score.picture);
  const std::vector<PicturePanel> panels = DrawPanels(source, pictures);
  for (size_t i = 0; i < list.size(); ++i) {
    html += Panel(*source.evaluation, list[i], panels[i]);
  }
  return html;
}

absl::StatusOr<std::string> PictureSection(const PanelSource& source) {
  std::vector<PictureScore> ranked =
      RankPictures(source.explanation->table, source.explanation->breakdown,
                   source.min_score);
  const std::vector<PictureScore> best = Choose(source, ranked);
  absl::c_reverse(ranked);
  const std::vector<PictureScore> worst = Choose(source, std::move(ranked));
  std::string html = absl::StrFormat(
      "<section id=\"pictures\"><h2>Worst and best pictures</h2>\n<p "
      "class=\"note\">By panoptic quality of the detections with a score of "
      "at least %.3f: the sum of the IoUs of what was found, over found plus "
      "half of the errors.",
      source.min_score);
  if (source.image_dir.empty()) {
    html += " With --image_dir the pictures are shown.";
  } else if (best.empty()) {
    absl::StrAppend(&html, " No picture of the annotations is in ",
                    EscapeHtml(source.image_dir), ".");
  }
  html += "</p>\n<h3>Worst</h3>\n";
  ASSIGN_OR_RETURN(const std::string worst_html, PictureList(source, worst));
  ASSIGN_OR_RETURN(const std::string best_html, PictureList(source, best));
  return absl::StrCat(html, worst_html, "<h3>Best</h3>\n", best_html,
                      "</section>\n");
}

}  // namespace

absl::StatusOr<std::string> HtmlReport(const Evaluation& evaluation,
                                       const ReportOptions& options) {
  std::error_code error;
  if (!options.image_dir.empty() &&
      !fs::is_directory(options.image_dir, error)) {
    return absl::NotFoundError(
        absl::StrCat(options.image_dir, ": not a directory"));
  }
  const Explanation explanation = Explain(evaluation);
  const OperatingPoint& point = explanation.point;
  PanelSource source;
  source.evaluation = &evaluation;
  source.explanation = &explanation;
  source.image_dir = options.image_dir;
  source.min_score = point.score;
  ASSIGN_OR_RETURN(const std::string pictures, PictureSection(source));
  return HtmlPage(
      absl::StrCat("Evaluation of ", FileName(evaluation.results_path)),
      absl::StrCat(
          Header(evaluation, options), HeadlineSection(evaluation),
          "<div class=\"two\">", CurvesSection(evaluation),
          SizeSection(evaluation), "</div>", CategorySection(evaluation),
          ErrorSection(explanation.breakdown),
          ConfusionSection(Confuse(explanation.table, point.score), point,
                           explanation.class_names),
          CalibrationSection(Calibrate(explanation.outcomes, kCalibrationBins),
                             point),
          pictures));
}

}  // namespace fcis
