#include "fcis/kernels/cpu/wino_choice.h"

#include <mutex>
#include <optional>
#include <utility>

#include "fcis/core/base/status_macros.h"

namespace fcis::kernels {
namespace {

class WinoOrDirect : public Convolution {
 public:
  WinoOrDirect(ConvAlgorithm algorithm, DType maps, const ConvParams& params,
               const Tensor& weight, const Tensor& bias, MakeDirect make_direct)
      : Convolution(params, weight.shape()),
        algorithm_(algorithm),
        maps_(maps),
        weight_(weight),
        bias_(bias),
        make_direct_(std::move(make_direct)) {}

  bool TakesRows(const Shape& x) const override {
    return x.dim(0) == 1 && !ByWinograd(x, /*residual=*/false);
  }

  absl::Status ForwardRows(const Tensor& x, const RowPads& pads,
                           const Tensor* residual, Tensor* y) override {
    RETURN_IF_ERROR(NeedDirect());
    return direct_->ForwardRows(x, pads, residual, y);
  }

  absl::Status Expect(const Shape& x, const RowPads& pads, const Shape& y,
                      DType y_type, bool residual) override {
    if (ByWinograd(x, residual)) {
      NeedWinograd();
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(NeedDirect());
    return direct_->Expect(x, pads, y, y_type, residual);
  }

  absl::string_view AlgorithmFor(const Tensor& x,
                                 const Tensor* residual) const override {
    return ByWinograd(x, residual != nullptr) ? "winograd" : "direct";
  }

  absl::Status Forward(const Tensor& x, const Tensor* residual,
                       Tensor* y) override {
    if (!ByWinograd(x, residual != nullptr)) {
      RETURN_IF_ERROR(NeedDirect());
      return direct_->Forward(x, residual, y);
    }
    NeedWinograd();
    winograd_->Run(x, y);
    return absl::OkStatus();
  }

 private:
  bool ByWinograd(const Shape& x, bool residual) const {
    return !residual && MeansWinograd(algorithm_, maps_, weight_shape(), x);
  }
  bool ByWinograd(const Tensor& x, bool residual) const {
    return x.type() == maps_ && ByWinograd(x.shape(), residual);
  }

  absl::Status NeedDirect() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (direct_ != nullptr) return absl::OkStatus();
    ASSIGN_OR_RETURN(direct_,
                     make_direct_(winograd_ ? winograd_->Weight() : weight_));
    return absl::OkStatus();
  }

  void NeedWinograd() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (winograd_) return;
    winograd_.emplace(params(), weight_, bias_, maps_);
    weight_ = Tensor();
  }

  const ConvAlgorithm algorithm_;
  const DType maps_;
  Tensor weight_;  // until winograd_ has it
  const Tensor bias_;
  const MakeDirect make_direct_;
  std::mutex mutex_;  // of what is made once
  std::unique_ptr<Convolution> direct_;
  std::optional<WinoConv> winograd_;
};

class Int8WinoOrDirect : public Int8Convolution {
 public:
  Int8WinoOrDirect(ConvAlgorithm algorithm, const Int8Weights& weights,
                   std::unique_ptr<Int8Convolution> direct)
      : Int8Convolution(direct->params(), direct->weight_shape()),
        algorithm_(algorithm),
        weights_(weights),
        direct_(std::move(direct)) {}

  bool TakesRows(const Shape& x) const override {
    return !ByWinograd(x) && direct_->TakesRows(x);
  }

  absl::Status ForwardRows(const Tensor& x, const RowPads& pads,
                           const Tensor* residual, Tensor* y) override {
    return direct_->ForwardRows(x, pads, residual, y);
  }

  absl::Status Expect(const Shape& x, const RowPads& pads, const Shape& y,
                      DType y_type) override {
    if (!ByWinograd(x)) return direct_->Expect(x, pads, y, y_type);
    NeedWinograd();
    return absl::OkStatus();
  }

  absl::string_view AlgorithmFor(const Shape& x) const override {
    return ByWinograd(x) ? "winograd" : "direct";
  }

  absl::Status Forward(const Tensor& x, const Tensor* residual,
                       Tensor* y) override {
    if (!ByWinograd(x.shape())) return direct_->Forward(x, residual, y);
    NeedWinograd();
    winograd_->Run(x, y);
    return absl::OkStatus();
  }

 private:
  bool ByWinograd(const Shape& x) const {
    return MeansWinograd(algorithm_, DType::kU8, weight_shape(), x);
  }

  void NeedWinograd() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!winograd_) winograd_.emplace(params(), weights_);
  }

  const ConvAlgorithm algorithm_;
  const Int8Weights weights_;
  const std::unique_ptr<Int8Convolution> direct_;
  std::mutex mutex_;
  std::optional<WinoInt8Conv> winograd_;
};

}  // namespace

bool WinogradPays(DType maps, const Shape& weight, const Shape& x) {
  // With fewer channels the tiles' transforms, which are quick in 8 bits, are
  // too large a part, on smaller maps the weights'.
  const int64_t least_channels = maps == DType::kU8 ? 32 : 64;
  constexpr int64_t kLeastPixels = 512;
  return weight.dim(0) >= least_channels && weight.dim(1) >= least_channels &&
         x.dim(0) * x.dim(1) * x.dim(2) >= kLeastPixels;
}

bool MeansWinograd(ConvAlgorithm algorithm, DType maps, const Shape& weight,
                   const Shape& x) {
  return algorithm == ConvAlgorithm::kWinograd ||
         (algorithm == ConvAlgorithm::kAuto && WinogradPays(maps, weight, x));
}

std::unique_ptr<Convolution> MakeWinoOrDirect(
    ConvAlgorithm algorithm, DType maps, const ConvParams& params,
    const Tensor& weight, const Tensor& bias, MakeDirect make_direct) {
  return std::make_unique<WinoOrDirect>(algorithm, maps, params, weight, bias,
                                        std::move(make_direct));
}

std::unique_ptr<Int8Convolution> MakeWinoOrDirect(
    ConvAlgorithm algorithm, const Int8Weights& weights,
    std::unique_ptr<Int8Convolution> direct) {
  return std::make_unique<Int8WinoOrDirect>(algorithm, weights,
                                            std::move(direct));
}

}  // namespace fcis::kernels
