#include "fcis/kernels/cpu/wino_choice.h"

#include <optional>
#include <utility>

#include "fcis/core/base/status_macros.h"

namespace fcis::kernels {
namespace {

class WinoOrDirect : public Convolution {
 public:
  WinoOrDirect(ConvAlgorithm algorithm, const ConvParams& params,
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
    const bool winograd =
        residual == nullptr && (algorithm_ == ConvAlgorithm::kWinograd ||
                                WinogradPays(weight_shape(), x.shape()));
    if (!winograd) {
      RETURN_IF_ERROR(NeedDirect());
      return direct_->Forward(x, residual, y);
    }
    NeedWinograd();
    winograd_->Run(x, space_, y);
    return absl::OkStatus();
  }

 private:
  absl::Status NeedDirect() {
    if (direct_ != nullptr) return absl::OkStatus();
    ASSIGN_OR_RETURN(direct_,
                     make_direct_(winograd_ ? winograd_->Weight() : weight_));
    return absl::OkStatus();
  }

  void NeedWinograd() {
    if (winograd_) return;
    winograd_.emplace(params(), weight_, bias_);
    weight_ = Tensor();
  }

  const ConvAlgorithm algorithm_;
  Tensor weight_;  // until winograd_ has it
  const Tensor bias_;
  const MakeDirect make_direct_;
  WinoSpace* const space_;
  std::unique_ptr<Convolution> direct_;
  std::optional<WinoConv> winograd_;
};

}  // namespace

bool WinogradPays(const Shape& weight, const Shape& x) {
  // With fewer channels the tiles' transforms are too large a part, on smaller
  // maps the weights'.
  constexpr int64_t kLeastChannels = 64;
  constexpr int64_t kLeastPixels = 512;
  return weight.dim(0) >= kLeastChannels && weight.dim(1) >= kLeastChannels &&
         x.dim(0) * x.dim(1) * x.dim(2) >= kLeastPixels;
}

std::unique_ptr<Convolution> MakeWinoOrDirect(
    ConvAlgorithm algorithm, const ConvParams& params, const Tensor& weight,
    const Tensor& bias, MakeDirect make_direct, WinoSpace* space) {
  return std::make_unique<WinoOrDirect>(algorithm, params, weight, bias,
                                        std::move(make_direct), space);
}

}  // namespace fcis::kernels
