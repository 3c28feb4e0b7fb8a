#include "fcis/eval/score_output.h"

#include <cstdio>
#include <filesystem>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/flag_parser.h"
#include "fcis/core/cli/output_directory.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/io/file.h"
#include "fcis/data/coco/data_flags.h"
#include "fcis/eval/coco/diagnose.h"
#include "fcis/eval/coco/score_json.h"
#include "fcis/eval/coco/score_table.h"
#include "fcis/eval/coco/voc_score.h"
#include "fcis/eval/report/html_report.h"

ABSL_FLAG(std::string, table, "markdown",
          "AP by category on the screen: markdown, csv or none.");
ABSL_FLAG(std::string, output_csv, "",
          "Also write that table to this file, as CSV.");
ABSL_FLAG(std::string, output_markdown, "",
          "Also write that table to this file, as Markdown.");
ABSL_FLAG(std::string, output_curves, "",
          "Write precision, recall and scores by threshold, recall, category, "
          "area range and max_dets to this JSON file.");
ABSL_FLAG(std::string, report_html, "",
          "Write a page with charts, kinds of errors and pictures, all of them "
          "to be browsed instance by instance, to this file.");

namespace fcis::eval {
namespace {

absl::Status WriteIfNamed(const absl::Flag<std::string>& flag,
                          const std::string& text) {
  const std::string path = absl::GetFlag(flag);
  if (path.empty()) return absl::OkStatus();
  return WriteFileAtomic(ResolvePath(path), text);
}

absl::Status WriteReport(const Evaluation& evaluation,
                         const std::string& image_dir,
                         std::vector<std::string> findings) {
  if (!NeedsExplanation()) return absl::OkStatus();
  ReportOptions options;
  options.image_dir = image_dir;
  options.page_dir =
      std::filesystem::path(ResolvePath(absl::GetFlag(FLAGS_report_html)))
          .parent_path()
          .string();
  options.findings = std::move(findings);
  return WriteIfNamed(FLAGS_report_html, HtmlReport(evaluation, options));
}

// The table as --table and files have it.
absl::Status WriteTables(const std::string& markdown, const std::string& csv) {
  const std::string table = absl::GetFlag(FLAGS_table);
  if (table != "none") {
    absl::PrintF("\n%s", table == "csv" ? csv : markdown);
  }
  RETURN_IF_ERROR(WriteIfNamed(FLAGS_output_csv, csv));
  return WriteIfNamed(FLAGS_output_markdown, markdown);
}

absl::Status WriteVocScores(const Evaluation& evaluation,
                            const std::vector<std::string>& findings) {
  const VocScores scores = ScoreVoc(evaluation);
  absl::PrintF("%s", VocText(scores));
  RETURN_IF_ERROR(
      WriteTables(MarkdownOf(VocRows(scores)), CsvOf(VocRows(scores))));
  return WriteIfNamed(FLAGS_output_json, VocJson(scores, findings));
}

}  // namespace

std::vector<std::string> ScoreOutputFlagNames() {
  return {"table",         "output_json", "output_csv", "output_markdown",
          "output_curves", "report_html", "image_dir"};
}

absl::Status CheckScoreOutputFlags(const EvalOptions& options,
                                   const std::string& out) {
  RETURN_IF_ERROR(CheckChoice("table", absl::GetFlag(FLAGS_table),
                              {"markdown", "csv", "none"}));
  for (const char* name :
       {"max_dets", "area_ranges", "output_curves", "report_html"}) {
    if (!options.voc || !FlagWasGiven(name)) continue;
    return UsageError(absl::StrCat("--", name, " goes with --metric coco"));
  }
  std::vector<TakenFile> taken;
  if (!out.empty()) {
    taken.push_back({"the detections", absl::StrCat(out, "/results.json")});
  }
  for (const char* name : {"annotations", "results", "ann_file", "modelpath"}) {
    const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    if (flag == nullptr) continue;  // score has none of a model's
    taken.push_back({absl::StrCat("--", name), flag->CurrentValue()});
  }
  return CheckOutputFiles(
      {&FLAGS_output_json, &FLAGS_output_csv, &FLAGS_output_markdown,
       &FLAGS_output_curves, &FLAGS_report_html},
      std::move(taken), out);
}

bool NeedsExplanation() { return !absl::GetFlag(FLAGS_report_html).empty(); }

absl::Status WriteScores(const Evaluation& evaluation,
                         const std::string& image_dir) {
  std::vector<std::string> findings = Diagnose(evaluation);
  for (const std::string& finding : findings) {
    PrintLine(stderr, absl::StrCat("warning: ", finding));
  }
  if (evaluation.options.voc) return WriteVocScores(evaluation, findings);
  absl::PrintF("%s", SummaryText(evaluation.summary, evaluation.options));
  const std::vector<CategoryRow> rows = CategoryRows(evaluation);
  RETURN_IF_ERROR(WriteTables(MarkdownTable(evaluation.summary, rows),
                              CsvTable(evaluation.summary, rows)));
  RETURN_IF_ERROR(
      WriteIfNamed(FLAGS_output_json, ScoreJson(evaluation, findings)));
  RETURN_IF_ERROR(WriteReport(evaluation, image_dir, std::move(findings)));
  if (absl::GetFlag(FLAGS_output_curves).empty()) return absl::OkStatus();
  return WriteIfNamed(FLAGS_output_curves, CurvesJson(evaluation.curves));
}

}  // namespace fcis::eval
