#include "fcis/train/step/loss_terms.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace fcis::train {
namespace {

constexpr LossColumn kColumns[] = {
    {kernels::kRpnLocTerm, "rpn_loc_loss", &LossConfig::rpn_loc},
    {kernels::kRpnClsTerm, "rpn_cls_loss", &LossConfig::rpn_cls},
    {kernels::kFcisLocTerm, "fcis_loc_loss", &LossConfig::fcis_loc},
    {kernels::kFcisClsTerm, "fcis_cls_loss", &LossConfig::fcis_cls},
    {kernels::kFcisMaskTerm, "fcis_mask_loss", &LossConfig::fcis_mask},
    {kernels::kRpnAccTerm, "rpn_acc", nullptr},
    {kernels::kFcisClsAccTerm, "fcis_cls_acc", nullptr},
    {kernels::kFcisFgAccTerm, "fcis_fg_acc", nullptr},
    {kWithoutAnchors, "without_anchors", nullptr},
    {kWithoutRois, "without_rois", nullptr},
    {kWithoutForeground, "without_foreground", nullptr},
};

}  // namespace

absl::Span<const LossColumn> LossColumns() { return kColumns; }

float FactorOf(int number, const LossConfig& config) {
  for (const LossColumn& column : kColumns) {
    if (column.number != number || column.factor == nullptr) continue;
    return static_cast<float>((config.*column.factor)());
  }
  return 1;
}

double LossTerms::sum() const {
  double sum = 0;
  for (const LossColumn& column : kColumns) {
    if (column.factor != nullptr) sum += (*this)[column.number];
  }
  return sum;
}

void LossTerms::Add(const LossTerms& other) {
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] += other.numbers[i];
}

std::string NotFinite(const LossTerms& terms) {
  for (const LossColumn& column : kColumns) {
    const double number = terms[column.number];
    if (!std::isfinite(number))
      return absl::StrCat(column.name, " is ", number);
  }
  return "";
}

}  // namespace fcis::train
