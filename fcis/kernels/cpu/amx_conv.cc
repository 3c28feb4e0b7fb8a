#include "fcis/kernels/cpu/amx_conv.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "fcis/core/base/parallel.h"
#include "fcis/core/base/round_up.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/cpu/amx_kernel.h"
#include "fcis/kernels/cpu/dnnl_layout.h"

namespace fcis::kernels {
namespace {

// Bytes of x that one thread works through at a time: they stay in the L2 cache
// while all weights pass by.
constexpr int64_t kShareBytes = 192 << 10;

// Of `rows` of so many bytes.
int64_t ShareOf(int64_t rows, int64_t row_bytes, int64_t multiple) {
  const int64_t threads = NumThreads();
  const int64_t fits = std::max<int64_t>(1, kShareBytes / row_bytes);
  const int64_t shares = RoundUp(NumBlocks(rows, fits), threads);
  return std::min(rows, RoundUp(NumBlocks(rows, shares), multiple));
}

std::vector<float> Padded(absl::Span<const float> values) {
  std::vector<float> padded(values.begin(), values.end());
  padded.resize(static_cast<size_t>(
      RoundUp(static_cast<int64_t>(values.size()), kAmxTile)));
  return padded;
}

// Base: Convolution or Int8Convolution.
template <typename Base>
class AmxConvolution : public Base {
 public:
  template <typename Params>
  AmxConvolution(const Params& params, const Shape& weight, const AmxConv& conv)
      : Base(params, weight), conv_(conv) {}

  bool TakesRows(const Shape& x) const override { return x.dim(0) == 1; }
  absl::Status ForwardRows(const Tensor& x, const RowPads& pads,
                           const Tensor* residual, Tensor* y) override {
    conv_.Run(x, pads, residual, y);
    return absl::OkStatus();
  }

 private:
  const AmxConv conv_;
};

}  // namespace

absl::optional<AmxConv::Cut> AmxConv::CutOf(const ConvParams& params,
                                            const Shape& weight,
                                            DType multiplied) {
  const int64_t size = DTypeSize(multiplied), kernel_width = weight.dim(3);
  const int64_t pixel = weight.dim(1) * size;
  const auto cut = [&](bool by_rows, int64_t run) {
    const int64_t bytes = RoundUp(run * size, 4);
    const int64_t step = std::min(bytes, kAmxRow);
    return Cut{by_rows, run, weight.dim(2) * (by_rows ? 1 : kernel_width),
               NumBlocks(bytes, step), step};
  };
  if (pixel % kAmxRow == 0) return cut(false, weight.dim(1));
  // Elements behind a run are multiplied by zero, and are numbers: whatever
  // there is in 8 bits, in bf16 the map's next one.
  const int64_t row = kernel_width * pixel;
  if (params.dilation == 1 && kernel_width > 1 &&
      (row <= kAmxRow || row % kAmxRow == 0 || size == 1)) {
    return cut(true, kernel_width * weight.dim(1));
  }
  if (pixel < kAmxRow && pixel % 4 == 0) return cut(false, weight.dim(1));
  return absl::nullopt;
}

bool AmxConv::Fits(const ConvParams& params, const Shape& weight,
                   DType multiplied) {
  return CutOf(params, weight, multiplied).has_value();
}

bool AmxConv::Pays(const Shape& weight, DType multiplied) {
  constexpr int64_t kSmall = 40000;  // elements
  return multiplied != DType::kBF16 || weight.num_elements() <= kSmall;
}

AmxConv::AmxConv(const ConvParams& params, DType multiplied,
                 const Tensor& weight, absl::Span<const float> bias,
                 absl::Span<const float> factors, float residual_factor)
    : params_(params),
      multiplied_(multiplied),
      shape_(weight.shape()),
      cut_(*CutOf(params, weight.shape(), multiplied)),
      bias_(Padded(bias)),
      factors_(Padded(factors)),
      residual_factor_(residual_factor) {
  Pack(weight);
}

// Rows of tiles of weights, in the order of AmxTask.
void AmxConv::Pack(const Tensor& weight) {
  const int64_t size = DTypeSize(multiplied_), together = 4 / size;
  const int64_t inputs = shape_.dim(1), kernel = shape_.dim(2) * shape_.dim(3);
  const int64_t per_step = cut_.step_bytes / size;
  const int64_t columns = RoundUp(shape_.dim(0), kAmxTile) / kAmxTile;
  const int64_t steps = cut_.runs * cut_.steps_per_run;
  weights_ =
      Tensor::Zeros({columns, steps, per_step / together, kAmxTile, together},
                    size == 1 ? DType::kI8 : DType::kBF16);
  ParallelForEach(shape_.dim(0), 1, [&](int64_t o) {
    for (int64_t i = 0; i < kernel * inputs; ++i) {
      // The i-th element as they come in a map: position, then channel.
      const int64_t position = i / inputs, channel = i % inputs;
      const int64_t run = i / cut_.run, in_run = i % cut_.run;
      const int64_t step = run * cut_.steps_per_run + in_run / per_step;
      const int64_t e = in_run % per_step;
      const int64_t to =
          (((o / kAmxTile * steps + step) * (per_step / together) +
            e / together) *
               kAmxTile +
           o % kAmxTile) *
              together +
          e % together;
      const int64_t from = (o * inputs + channel) * kernel + position;
      if (size == 1) {
        weights_.mutable_data<int8_t>()[to] = weight.data<int8_t>()[from];
      } else {
        weights_.mutable_data<uint16_t>()[to] =
            ToBf16(weight.data<float>()[from]);
      }
    }
  });
}

RecycledVector<int64_t> AmxConv::StepsFor(int64_t row_bytes) const {
  const int64_t pixel = shape_.dim(1) * DTypeSize(multiplied_);
  RecycledVector<int64_t> steps;
  steps.reserve(static_cast<size_t>(cut_.runs * cut_.steps_per_run));
  for (int64_t run = 0; run < cut_.runs; ++run) {
    const int64_t ky = cut_.by_rows ? run : run / shape_.dim(3);
    const int64_t kx = cut_.by_rows ? 0 : run % shape_.dim(3);
    for (int64_t s = 0; s < cut_.steps_per_run; ++s) {
      steps.push_back(params_.dilation * (ky * row_bytes + kx * pixel) +
                      s * cut_.step_bytes);
    }
  }
  return steps;
}

void AmxConv::Run(const Tensor& x, const RowPads& pads, const Tensor* residual,
                  Tensor* y) const {
  const int64_t pixel = shape_.dim(1) * DTypeSize(multiplied_);
  Maps maps = {x,         pads,     residual, y, false, x.dim(2) * pixel,
               y->dim(1), y->dim(2)};
  maps.copied = shape_.dim(2) > 1 || shape_.dim(3) > 1 || params_.pad > 0 ||
                x.type() != multiplied_;
  if (maps.copied) maps.row_bytes += 2 * params_.pad * pixel;
  const bool flat = !maps.copied && params_.stride == 1;
  if (flat) {
    maps.width *= maps.height;
    maps.height = 1;
  }
  const RecycledVector<int64_t> steps = StepsFor(maps.row_bytes);
  const int64_t n = flat ? maps.width : maps.height;
  const int64_t each = flat ? ShareOf(n, pixel, 2 * kAmxTile)
                            : ShareOf(n, params_.stride * maps.row_bytes, 1);
  const int64_t shares = NumBlocks(n, each);
  ParallelForParts(y->dim(0) * shares, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % shares * each, many = std::min(each, n - first);
      const Share share = flat ? Share{i / shares, 0, 1, first, many}
                               : Share{i / shares, first, many, 0, maps.width};
      RunShare(maps, share, steps);
    }
  });
}

void AmxConv::RunShare(const Maps& maps, const Share& share,
                       absl::Span<const int64_t> steps) const {
  const int64_t pixel = shape_.dim(1) * DTypeSize(multiplied_);
  AmxTask task;
  task.multiplied = multiplied_;
  task.rows = share.rows;
  task.width = share.width;
  task.x_row = params_.stride * maps.row_bytes;
  task.x_pixel = params_.stride * pixel;
  task.steps = steps.data();
  task.num_steps = static_cast<int64_t>(steps.size());
  task.step_bytes = cut_.step_bytes;
  task.weights = static_cast<const char*>(weights_.raw());
  task.outputs = shape_.dim(0);
  task.bias = bias_.data();
  task.factor = factors_.empty() ? nullptr : factors_.data();
  task.residual_factor = residual_factor_;
  task.relu = params_.relu;
  const int64_t at =
      ((share.picture * maps.height + share.row) * maps.width + share.pixel) *
      shape_.dim(0);
  task.residual = nullptr;
  task.residual_type = maps.y->type();
  if (maps.residual != nullptr) {
    task.residual_type = maps.residual->type();
    task.residual = static_cast<const char*>(maps.residual->raw()) +
                    at * DTypeSize(task.residual_type);
  }
  task.y_type = maps.y->type();
  task.y =
      static_cast<char*>(maps.y->mutable_raw()) + at * DTypeSize(task.y_type);
  RecycledVector<float> sums;
  if (task.num_steps > kAmxPanel) {
    sums.resize(static_cast<size_t>(
        share.rows * RoundUp(share.width, 2 * kAmxTile) * 2 * kAmxTile));
    task.sums = sums.data();
  }
  if (!maps.copied) {
    task.x = static_cast<const char*>(maps.x.raw()) +
             (share.picture * maps.x.dim(1) + share.row * params_.stride) *
                 maps.row_bytes +
             share.pixel * pixel;
    RunAmx(task);
    return;
  }
  const int64_t rows = (share.rows - 1) * params_.stride +
                       (shape_.dim(2) - 1) * params_.dilation + 1;
  const int64_t bytes = rows * maps.row_bytes + kAmxRow;
  const std::shared_ptr<void> copy = BlockCache::Global().Allocate(bytes);
  task.x = static_cast<const char*>(copy.get());
  CopyRows(maps, share, rows, static_cast<char*>(copy.get()));
  std::memset(static_cast<char*>(copy.get()) + rows * maps.row_bytes, 0,
              kAmxRow);
  RunAmx(task);
}

// The rows that a share reads, between zeros, as what is multiplied.
void AmxConv::CopyRows(const Maps& maps, const Share& share, int64_t rows,
                       char* to) const {
  const int64_t side = params_.pad * shape_.dim(1) * DTypeSize(multiplied_);
  const int64_t elements = maps.x.dim(2) * shape_.dim(1);
  const int64_t inner = elements * DTypeSize(multiplied_);
  const int64_t x_row = elements * DTypeSize(maps.x.type());
  const int64_t first = share.row * params_.stride - maps.pads.top;
  for (int64_t r = first; r < first + rows; ++r, to += maps.row_bytes) {
    if (r < 0 || r >= maps.x.dim(1)) {
      std::memset(to, 0, maps.row_bytes);
      continue;
    }
    const char* const from = static_cast<const char*>(maps.x.raw()) +
                             (share.picture * maps.x.dim(1) + r) * x_row;
    std::memset(to, 0, side);
    if (maps.x.type() == multiplied_) {
      std::memcpy(to + side, from, inner);
    } else {
      ToBf16Row(reinterpret_cast<const float*>(from), elements,
                reinterpret_cast<uint16_t*>(to + side));
    }
    std::memset(to + side + inner, 0, side);
  }
}

std::unique_ptr<Convolution> PrepareAmxConv(const ConvParams& params,
                                            const Tensor& weight,
                                            const Tensor& bias) {
  return std::make_unique<AmxConvolution<Convolution>>(
      params, weight.shape(),
      AmxConv(params, DType::kBF16, weight, bias.span<float>(), {}, 0));
}

std::unique_ptr<Int8Convolution> PrepareAmxInt8Conv(
    const Int8ConvParams& params, const Int8Weights& weights) {
  const Int8Factors factors = Int8FactorsOf(params, weights);
  return std::make_unique<AmxConvolution<Int8Convolution>>(
      params, weights.elements.shape(),
      AmxConv(params.conv, params.x.type, weights.elements, factors.bias,
              factors.factor, factors.residual));
}

}  // namespace fcis::kernels
