#include "fcis/train/optimizer/loss_scale.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace fcis::train {
namespace {

// Beyond these a factor neither helps nor hurts: fp16 reaches from 2^-24 to
// 2^16.
constexpr float kLeast = 1.0f / (1 << 24), kLargest = 1 << 24;

}  // namespace

absl::Status LossScale::Update(bool finite) {
  if (!dynamic()) return absl::OkStatus();
  if (!finite) {
    good_steps_ = 0;
    value_ /= 2;
    if (value_ >= kLeast) return absl::OkStatus();
    return absl::AbortedError(
        absl::StrCat("gradients are not finite even when scaled by ", value_));
  }
  if (++good_steps_ == growth_interval_) {
    good_steps_ = 0;
    value_ = std::min(2 * value_, kLargest);
  }
  return absl::OkStatus();
}

std::string LossScale::Save() const {
  // Nine digits tell one float from the next.
  return absl::StrFormat("%.9g %d", value_, good_steps_);
}

absl::Status LossScale::Load(absl::string_view saved) {
  const std::vector<absl::string_view> parts = absl::StrSplit(saved, ' ');
  float value = 0;
  int64_t steps = 0;
  int exponent = 0;
  if (parts.size() != 2 || !absl::SimpleAtof(parts[0], &value) ||
      !absl::SimpleAtoi(parts[1], &steps) ||
      std::frexp(value, &exponent) != 0.5f || steps < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("loss scale \"", saved,
                     "\", expected a power of two and a number of steps"));
  }
  value_ = value;
  good_steps_ = steps;
  return absl::OkStatus();
}

}  // namespace fcis::train
