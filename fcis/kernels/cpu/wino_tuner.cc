#include "fcis/kernels/cpu/wino_tuner.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/memory/memory.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::kernels {
namespace {

// What a choice is made for.
using Key = std::array<int64_t, 5>;

Key KeyOf(const Shape& weight, int dilation, const Shape& x) {
  int64_t pixels = x.dim(0) * x.dim(1) * x.dim(2), size = 0;
  while (pixels >>= 1) ++size;
  return {weight.dim(0), weight.dim(1), dilation, size, NumThreads()};
}

// Of the whole process: whether Winograd's algorithm is faster. Sizes of
// pictures are few up to a factor of two.
class Choices {
 public:
  std::optional<bool> Find(const Key& key) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = winograd_.find(key);
    if (found == winograd_.end()) return std::nullopt;
    return found->second;
  }
  // The first one to know decides.
  bool Set(const Key& key, bool winograd) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return winograd_.emplace(key, winograd).first->second;
  }

 private:
  std::mutex mutex_;
  absl::flat_hash_map<Key, bool> winograd_;
};

Choices& AllChoices() {
  static auto& choices = *new Choices();
  return choices;
}

double SecondsOf(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

class TunedConv : public Convolution {
 public:
  TunedConv(ConvAlgorithm algorithm, const ConvParams& params,
            const Tensor& weight, const Tensor& bias, MakeDirect make_direct,
            WinoSpace* space)
      : Convolution(params, weight.shape()),
        algorithm_(algorithm),
        weight_(weight),
        bias_(bias),
        make_direct_(std::move(make_direct)),
        space_(space) {}

  absl::Status Forward(const Tensor& x, const Tensor* residual,
                       Tensor* y) override {
    if (residual != nullptr || x.layout() != Layout::kRowMajor) {
      return RunDirect(x, residual, y);
    }
    ASSIGN_OR_RETURN(const bool winograd, Chosen(x, y));
    if (!winograd) return RunDirect(x, nullptr, y);
    NeedWinograd();
    winograd_->Run(x, space_, y);
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<bool> Chosen(const Tensor& x, Tensor* y) {
    if (algorithm_ == ConvAlgorithm::kWinograd) return true;
    const Key key = KeyOf(weight_shape(), params().dilation, x.shape());
    const std::optional<bool> known = AllChoices().Find(key);
    if (known) return *known;
    RETURN_IF_ERROR(NeedDirect());
    if (winograd_ == nullptr) {
      winograd_ = absl::make_unique<WinoConv>(params(), weight_, bias_);
    }
    absl::Status status;
    const TunedSeconds seconds =
        TimeByTurns([&] { status.Update(direct_->Forward(x, nullptr, y)); },
                    [&] { winograd_->Run(x, space_, y); });
    RETURN_IF_ERROR(status);
    const bool winograd =
        AllChoices().Set(key, seconds.winograd < seconds.direct);
    // One of them is kept.
    if (winograd) {
      NeedWinograd();
      direct_.reset();
    } else if (weight_.num_elements() > 0) {
      winograd_.reset();
    }
    return winograd;
  }

  absl::Status RunDirect(const Tensor& x, const Tensor* residual, Tensor* y) {
    RETURN_IF_ERROR(NeedDirect());
    return direct_->Forward(x, residual, y);
  }

  absl::Status NeedDirect() {
    if (direct_ != nullptr) return absl::OkStatus();
    ASSIGN_OR_RETURN(direct_, make_direct_(weight_.num_elements() > 0
                                               ? weight_
                                               : winograd_->Weight()));
    return absl::OkStatus();
  }

  void NeedWinograd() {
    if (winograd_ == nullptr) {
      winograd_ = absl::make_unique<WinoConv>(params(), weight_, bias_);
    }
    weight_ = Tensor();
  }

  const ConvAlgorithm algorithm_;
  Tensor weight_;  // until winograd_ stays
  const Tensor bias_;
  const MakeDirect make_direct_;
  WinoSpace* const space_;
  std::unique_ptr<Convolution> direct_;
  std::unique_ptr<WinoConv> winograd_;
};

}  // namespace

std::unique_ptr<Convolution> MakeTunedConv(
    ConvAlgorithm algorithm, const ConvParams& params, const Tensor& weight,
    const Tensor& bias, MakeDirect make_direct, WinoSpace* space) {
  return absl::make_unique<TunedConv>(algorithm, params, weight, bias,
                                      std::move(make_direct), space);
}

TunedSeconds TimeByTurns(const std::function<void()>& direct,
                         const std::function<void()>& winograd) {
  constexpr int kRuns = 3;
  direct();
  winograd();
  constexpr double kNever = std::numeric_limits<double>::infinity();
  TunedSeconds least = {kNever, kNever};
  for (int i = 0; i < kRuns; ++i) {
    least.direct = std::min(least.direct, SecondsOf(direct));
    least.winograd = std::min(least.winograd, SecondsOf(winograd));
  }
  return least;
}

}  // namespace fcis::kernels
