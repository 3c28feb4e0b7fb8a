#include "fcis/eval/report/contact_sheet.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/draw/canvas.h"
#include "fcis/core/draw/text.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/eval/report/explanation.h"
#include "fcis/eval/report/picture_panels.h"

namespace fcis::eval {
namespace {

constexpr int kMargin = 12;  // around everything, and between
constexpr int kCaptionScale = 2;
constexpr int kJpegQuality = 90;
constexpr Color kPaper = {255, 255, 255}, kInk = {32, 32, 32};
// A score that nothing is above, when nothing was found.
constexpr double kShowNothing = 2;

int CaptionHeight() { return TextHeight(kCaptionScale) + kMargin / 2; }

int RowHeight(const SheetRow& row) {
  return CaptionHeight() + std::max(row.found.height, row.truth.height) +
         kMargin;
}

void Copy(const Image& from, int x, int y, Image* to) {
  for (int line = 0; line < from.height; ++line) {
    std::copy_n(from.row(line), 3 * from.width, to->row(y + line) + 3 * x);
  }
}

void PutCell(const Image& picture, absl::string_view caption, int x, int y,
             Image* sheet) {
  const int fits = TextLengthThatFits(kSheetCell, kCaptionScale);
  DrawText(PrintableAscii(caption).substr(0, static_cast<size_t>(fits)), x, y,
           kCaptionScale, kInk, sheet);
  Copy(picture, x + (kSheetCell - picture.width) / 2, y + CaptionHeight(),
       sheet);
}

// Shown with two digits, it must still let through what has the score.
double RoundDown(double score) {
  return std::max(0.0, std::ceil(score * 100) / 100 - 0.01);
}

SheetRow MakeRow(const Evaluation& evaluation, const PictureScore& score,
                 PicturePanel panel) {
  SheetRow row;
  row.found = std::move(panel.found);
  row.truth = std::move(panel.truth);
  row.found_caption =
      absl::StrFormat("predicted: %d found, %d missed, %d wrong", score.found,
                      score.missed, score.wrong);
  row.truth_caption =
      absl::StrCat("truth: ", PictureName(evaluation, score.picture));
  return row;
}

}  // namespace

std::vector<PictureScore> ChoosePictures(std::vector<PictureScore> ranked,
                                         int count) {
  const int left_out = static_cast<int>(ranked.size()) - count;
  if (left_out <= 0) return ranked;
  const auto from = ranked.begin() + count / 2;
  ranked.erase(from, from + left_out);
  return ranked;
}

Image ComposeSheet(absl::Span<const SheetRow> rows) {
  int height = kMargin;
  for (const SheetRow& row : rows) height += RowHeight(row);
  Image sheet(height, 2 * kSheetCell + 3 * kMargin);
  FillBox({0, 0, sheet.width, sheet.height}, kPaper, &sheet);
  int y = kMargin;
  for (const SheetRow& row : rows) {
    PutCell(row.found, row.found_caption, kMargin, y, &sheet);
    PutCell(row.truth, row.truth_caption, 2 * kMargin + kSheetCell, y, &sheet);
    y += RowHeight(row);
  }
  return sheet;
}

absl::StatusOr<ContactSheet> DrawContactSheet(const Evaluation& evaluation,
                                              const std::string& image_dir) {
  const Explanation explanation = Explain(evaluation);
  ContactSheet sheet;
  PanelSource source;
  source.evaluation = &evaluation;
  source.explanation = &explanation;
  source.image_dir = image_dir;
  source.min_score = kShowNothing;
  source.side = kSheetCell;
  source.enlarge = true;
  sheet.overconfidence = Overconfidence(explanation.outcomes);
  const OperatingPoint& point = explanation.point;
  if (point.f1 > 0) {
    sheet.min_score = source.min_score = RoundDown(point.score);
  }
  const std::vector<PictureScore> chosen = ChoosePictures(
      RankPictures(explanation.table, explanation.breakdown, source.min_score),
      kSheetPictures);
  std::vector<int> pictures;
  for (const PictureScore& score : chosen) pictures.push_back(score.picture);
  std::vector<PicturePanel> panels = DrawPanels(source, pictures);
  std::vector<SheetRow> rows;
  for (size_t i = 0; i < panels.size(); ++i) {
    if (panels[i].problem.empty()) {
      rows.push_back(MakeRow(evaluation, chosen[i], std::move(panels[i])));
    } else {
      sheet.problems.push_back(std::move(panels[i].problem));
    }
  }
  if (rows.empty()) return sheet;
  ASSIGN_OR_RETURN(sheet.jpeg,
                   data::EncodeJpeg(ComposeSheet(rows), kJpegQuality));
  return sheet;
}

}  // namespace fcis::eval
