#include "fcis/kernels/testing/emulated_backend.h"

#include <algorithm>
#include <list>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/device/device_backend.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ref/plain_convs.h"
#include "fcis/kernels/train/parameter_math.h"

namespace fcis::kernels {
namespace {

// Sums of bf16 arrays over processes, by way of f32.
class EmulatedBf16Sums : public AllReduce {
 public:
  // sums: of f32.
  explicit EmulatedBf16Sums(std::unique_ptr<AllReduce> sums)
      : sums_(std::move(sums)) {}

  absl::Status Start(void* values, int64_t n) override {
    const Tensor there = Tensor::View({n}, DType::kBF16, values, nullptr);
    under_way_.push_back({static_cast<uint16_t*>(values), AsF32(there)});
    return sums_->Start(under_way_.back().sums.mutable_data<float>(), n);
  }
  absl::Status Progress() override { return sums_->Progress(); }
  absl::Status Finish() override {
    RETURN_IF_ERROR(sums_->Finish());
    for (const Sum& sum : under_way_) {
      uint16_t* to = sum.to;
      for (const float v : sum.sums.span<float>()) *to++ = ToBf16(v);
    }
    under_way_.clear();
    return absl::OkStatus();
  }

 private:
  struct Sum {
    uint16_t* to;
    Tensor sums;  // does not move
  };

  std::list<Sum> under_way_;
  const std::unique_ptr<AllReduce> sums_;
};

// Host memory that says that it is a GPU's: a tensor that is read without
// having been fetched is found.
class EmulatedDevice : public HostDevice {
 public:
  int64_t waits() const { return waits_; }
  EmulatedWork* work() const { return work_.get(); }

  Device type() const override { return Device::kCuda; }
  absl::StatusOr<Tensor> Allocate(const Shape& shape, DType type) override {
    const int64_t bytes =
        std::max<int64_t>(1, shape.num_elements() * DTypeSize(type));
    Tensor host({bytes}, DType::kU8);
    work_->bytes += bytes;
    return Tensor::OnDevice(
        shape, type, Device::kCuda,
        std::shared_ptr<void>(
            host.mutable_raw(),
            [host, bytes, work = work_](void*) { work->bytes -= bytes; }));
  }
  absl::Status Read(const void* from, int64_t bytes, void* host) override {
    ++waits_;
    return HostDevice::Read(from, bytes, host);
  }
  absl::StatusOr<std::unique_ptr<AllReduce>> SumsOver(Communicator* job,
                                                      DType type) override {
    if (type == DType::kF32) return job->MakeAllReduce();
    return std::make_unique<EmulatedBf16Sums>(job->MakeAllReduce());
  }

 private:
  int64_t waits_ = 0;
  // Tensors may outlive the device.
  const std::shared_ptr<EmulatedWork> work_ = std::make_shared<EmulatedWork>();
};

// Does not take what cuDNN does not: f32 with a residual, and, as tensor cores
// want runs of 16 bytes, channels in other than eights.
class EmulatedConvs : public PlainConvs {
 public:
  EmulatedConvs(EmulatedDevice* device, DType type)
      : PlainConvs(device, type), work_(device->work()) {}

  absl::StatusOr<std::unique_ptr<Convolution>> Prepare(
      const ConvParams& params, const Tensor& weight,
      const Tensor& bias) override {
    ++work_->prepared;
    return PlainConvs::Prepare(params, weight, bias);
  }
  absl::StatusOr<std::unique_ptr<TrainedConvolution>> Make(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) override {
    ++work_->made;
    return PlainConvs::Make(params, weight_shape, factors);
  }
  absl::Status Forward(const ConvProblem& problem, const Tensor& x,
                       const Tensor& w, const Tensor& bias,
                       const Tensor* residual, Tensor* y) override {
    if (residual != nullptr && problem.held == DType::kF32) return Gap();
    if (!Takes(problem)) return Gap();
    ++work_->forward;
    return PlainConvs::Forward(problem, x, w, bias, residual, y);
  }
  absl::Status GradientOfX(const ConvProblem& problem, const Tensor& w,
                           const Tensor& gy, Tensor* gx) override {
    if (!Takes(problem)) return Gap();
    ++work_->gradients_of_x;
    return PlainConvs::GradientOfX(problem, w, gy, gx);
  }
  absl::Status GradientOfWeight(const ConvProblem& problem, const Tensor& x,
                                const Tensor& gy, Tensor* gw) override {
    if (!Takes(problem)) return Gap();
    ++work_->gradients_of_weight;
    return PlainConvs::GradientOfWeight(problem, x, gy, gw);
  }

 private:
  static bool Takes(const ConvProblem& p) {
    return p.held == DType::kF32 ||
           (p.weight.dim(0) % 8 == 0 && p.weight.dim(1) % 8 == 0);
  }
  static absl::Status Gap() { return absl::UnimplementedError("no engine"); }

  EmulatedWork* const work_;
};

class EmulatedBackend : public DeviceBackend {
 public:
  // Takes the device over.
  EmulatedBackend(EmulatedDevice* device, DType type)
      : DeviceBackend("emulated", std::unique_ptr<ComputeDevice>(device),
                      std::make_unique<EmulatedConvs>(device, type), type),
        emulated_(device) {}

  EmulatedDevice* emulated() const { return emulated_; }

 private:
  EmulatedDevice* const emulated_;
};

std::unique_ptr<EmulatedBackend> Make(DType activation_type) {
  return std::make_unique<EmulatedBackend>(new EmulatedDevice, activation_type);
}

}  // namespace

std::unique_ptr<Backend> MakeEmulatedBackend(DType activation_type) {
  return Make(activation_type);
}

std::unique_ptr<TrainBackend> MakeEmulatedTrainBackend(DType activation_type) {
  auto forward = Make(activation_type);
  EmulatedDevice* const device = forward->emulated();
  return std::make_unique<TrainBackend>(
      std::move(forward), device, std::make_unique<ParameterMath>(device));
}

EmulatedWork EmulatedWorkOf(const Backend& backend) {
  return *static_cast<const EmulatedBackend&>(backend).emulated()->work();
}

int64_t EmulatedWaits(const Backend& backend) {
  return static_cast<const EmulatedBackend&>(backend).emulated()->waits();
}

}  // namespace fcis::kernels
