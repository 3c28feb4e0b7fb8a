#include "fcis/train/trainer/iteration_sums.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"

namespace fcis {
namespace {

std::vector<std::pair<std::string, double*>> Named(LossTerms* t) {
  return {{"rpn_loc_loss", &t->rpn_loc},      {"rpn_cls_loss", &t->rpn_cls},
          {"fcis_loc_loss", &t->fcis_loc},    {"fcis_cls_loss", &t->fcis_cls},
          {"fcis_mask_loss", &t->fcis_mask},  {"rpn_acc", &t->rpn_acc},
          {"fcis_cls_acc", &t->fcis_cls_acc}, {"fcis_fg_acc", &t->fcis_fg_acc}};
}

}  // namespace

std::vector<std::pair<std::string, double>> NamedTerms(const LossTerms& terms) {
  LossTerms copy = terms;
  std::vector<std::pair<std::string, double>> named;
  for (const auto& term : Named(&copy)) {
    named.emplace_back(term.first, *term.second);
  }
  return named;
}

std::string NotFinite(const LossTerms& terms) {
  for (const auto& term : NamedTerms(terms)) {
    if (!std::isfinite(term.second)) {
      return absl::StrCat(term.first, " is ", term.second);
    }
  }
  return "";
}

absl::Status IterationSums::AddUp(Communicator* job) {
  std::vector<double> values;
  for (const auto& term : Named(&terms)) values.push_back(*term.second);
  int* const counts[] = {&terms.without_anchors, &terms.without_rois,
                         &terms.without_foreground};
  for (const int* count : counts) values.push_back(*count);
  values.push_back(stop);
  RETURN_IF_ERROR(job->Sum(absl::MakeSpan(values)));
  const double* from = values.data();
  for (const auto& term : Named(&terms)) *term.second = *from++;
  for (int* count : counts) *count = static_cast<int>(*from++);
  stop = *from > 0;
  return absl::OkStatus();
}

}  // namespace fcis
