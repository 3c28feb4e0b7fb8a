#include "fcis/kernels/cpu/wino_choice.h"

#include <mutex>
#include <optional>
#include <utility>

#include "fcis/core/base/status_macros.h"

namespace fcis::kernels {
namespace {

// Wino: WinoConv or WinoInt8Conv, whose interface is Base. It and the direct
// convolution are made when they are first needed.
template <typename Base, typename Wino>
class WinoOrDirect : public Base {
 public:
  using WinogradMaker = std::function<Wino()>;
  // Given Winograd's convolution, or null where it was not made.
  using DirectMaker =
      std::function<absl::StatusOr<std::unique_ptr<Base>>(const Wino*)>;

  // direct: where it is made already.
  template <typename Params>
  WinoOrDirect(ConvAlgorithm algorithm, DType maps, const Params& params,
               const Shape& weight, WinogradMaker make_winograd,
               DirectMaker make_direct, std::unique_ptr<Base> direct = nullptr)
      : Base(params, weight),
        algorithm_(algorithm),
        maps_(maps),
        make_winograd_(std::move(make_winograd)),
        make_direct_(std::move(make_direct)),
        direct_(std::move(direct)) {}

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
    return !residual &&
           MeansWinograd(algorithm_, maps_, this->weight_shape(), x);
  }
  bool ByWinograd(const Tensor& x, bool residual) const {
    return x.type() == maps_ && ByWinograd(x.shape(), residual);
  }

  absl::Status NeedDirect() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (direct_ != nullptr) return absl::OkStatus();
    ASSIGN_OR_RETURN(direct_, make_direct_(winograd_ ? &*winograd_ : nullptr));
    return absl::OkStatus();
  }

  void NeedWinograd() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!winograd_) winograd_.emplace(make_winograd_());
  }

  const ConvAlgorithm algorithm_;
  const DType maps_;
  const WinogradMaker make_winograd_;
  const DirectMaker make_direct_;
  std::mutex mutex_;  // of what is made once
  std::unique_ptr<Base> direct_;
  std::optional<Wino> winograd_;
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
  // Until Winograd's algorithm has it.
  const auto held = std::make_shared<Tensor>(weight);
  return std::make_unique<WinoOrDirect<Convolution, WinoConv>>(
      algorithm, maps, params, weight.shape(),
      [=] {
        const WinoConv winograd(params, *held, bias, maps);
        *held = Tensor();
        return winograd;
      },
      [=](const WinoConv* winograd) {
        return make_direct(winograd == nullptr ? *held : winograd->Weight());
      });
}

std::unique_ptr<Int8Convolution> MakeWinoOrDirect(
    ConvAlgorithm algorithm, const Int8Weights& weights,
    std::unique_ptr<Int8Convolution> direct) {
  const Int8ConvParams params = direct->int8_params();
  return std::make_unique<WinoOrDirect<Int8Convolution, WinoInt8Conv>>(
      algorithm, DType::kU8, params, weights.elements.shape(),
      [=] { return WinoInt8Conv(params, weights); },
      /*make_direct=*/nullptr, std::move(direct));
}

}  // namespace fcis::kernels
