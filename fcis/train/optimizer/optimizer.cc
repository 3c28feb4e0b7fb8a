#include "fcis/train/optimizer/optimizer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/train/optimizer/adamw.h"
#include "fcis/train/optimizer/sgd.h"

namespace fcis {
namespace {

// Elements that a thread takes at once; sums over them are added in order.
constexpr int64_t kChunk = 16384;

// Gradients are multiplied by `clip` and, where given, by their factors.
FCIS_MULTIVERSION void SgdRun(const SgdParams& p, float clip,
                              const float* factors, const float* g, int64_t n,
                              float* w, float* v) {
  if (factors == nullptr) {
    for (int64_t i = 0; i < n; ++i) SgdUpdate(p, g[i] * clip, w + i, v + i);
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    SgdUpdate(p, g[i] * factors[i] * clip, w + i, v + i);
  }
}

FCIS_MULTIVERSION void AdamWRun(const AdamWParams& p, float clip,
                                const float* factors, const float* g, int64_t n,
                                float* w, float* m, float* v) {
  if (factors == nullptr) {
    for (int64_t i = 0; i < n; ++i) {
      AdamWUpdate(p, g[i] * clip, w + i, m + i, v + i);
    }
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    AdamWUpdate(p, g[i] * factors[i] * clip, w + i, m + i, v + i);
  }
}

FCIS_MULTIVERSION void AverageRun(float decay, const float* w, int64_t n,
                                  float* e) {
  for (int64_t i = 0; i < n; ++i) e[i] += (1 - decay) * (w[i] - e[i]);
}

// Eight sums side by side, in double.
FCIS_MULTIVERSION double SquaredNorm(const float* factors, const float* g,
                                     int64_t n) {
  constexpr int kSums = 8;
  double sums[kSums] = {};
  for (int64_t i = 0; i < n; ++i) {
    const double v = factors == nullptr ? g[i] : g[i] * factors[i];
    sums[i % kSums] += v * v;
  }
  double sum = 0;
  for (const double s : sums) sum += s;
  return sum;
}

// Calls body(chunk, begin, end, factors or null) for all elements, in parallel.
template <typename Body>
void ForEachChunk(const OutputFactors& factors, const Body& body) {
  const int64_t n = factors.size();
  if (factors.all_one()) {
    ParallelFor((n + kChunk - 1) / kChunk, 1, [&](int64_t from, int64_t to) {
      for (int64_t c = from; c < to; ++c) {
        body(c, c * kChunk, std::min(n, (c + 1) * kChunk), nullptr);
      }
    });
    return;
  }
  const int64_t segment = factors.segment();
  ParallelFor(n / segment, std::max<int64_t>(1, kChunk / segment),
              [&](int64_t from, int64_t to) {
                for (int64_t s = from; s < to; ++s) {
                  body(s, s * segment, (s + 1) * segment,
                       factors.of_segment(s));
                }
              });
}

int64_t NumChunks(const OutputFactors& factors) {
  return factors.all_one() ? (factors.size() + kChunk - 1) / kChunk
                           : factors.size() / factors.segment();
}

}  // namespace

Optimizer::Optimizer(const OptimizerOptions& options,
                     const std::vector<Parameter*>& parameters)
    : options_(options) {
  for (Parameter* p : parameters) {
    Slot slot;
    slot.parameter = p;
    slot.scale = 1;
    for (const auto& layer : options.layer_scales) {
      if (absl::StartsWith(p->name, layer.first + "/")) {
        slot.scale = layer.second;
      }
    }
    slot.first.assign(p->size(), 0.0f);
    if (options.kind == OptimizerOptions::kAdamW) {
      slot.second.assign(p->size(), 0.0f);
    }
    if (options.ema_decay > 0) {
      slot.average.assign(p->value, p->value + p->size());
    }
    slots_.push_back(std::move(slot));
  }
}

double Optimizer::GradientNorm() const {
  double sum = 0;
  std::vector<double> parts;
  for (const Slot& slot : slots_) {
    const Parameter& p = *slot.parameter;
    parts.assign(NumChunks(*p.factors), 0.0);
    ForEachChunk(*p.factors, [&](int64_t c, int64_t begin, int64_t end,
                                 const float* factors) {
      parts[c] = SquaredNorm(factors, p.gradient + begin, end - begin);
    });
    for (const double part : parts) sum += part;
  }
  return std::sqrt(sum);
}

void Optimizer::Step(float lr, double gradient_norm) {
  ++steps_;
  const bool clips =
      options_.clip_norm > 0 && gradient_norm > options_.clip_norm;
  const float clip =
      clips ? static_cast<float>(options_.clip_norm / gradient_norm) : 1.0f;
  const float decay = static_cast<float>(
      std::min(options_.ema_decay, (1.0 + steps_) / (10.0 + steps_)));
  for (Slot& slot : slots_) {
    Parameter& p = *slot.parameter;
    SgdParams sgd;
    sgd.lr = lr;
    sgd.momentum = options_.momentum;
    sgd.weight_decay = options_.weight_decay;
    sgd.scale = slot.scale;
    AdamWParams adam;
    adam.lr = lr * slot.scale;
    adam.beta1 = options_.beta1;
    adam.beta2 = options_.beta2;
    adam.eps = options_.eps;
    adam.weight_decay = p.is_bias ? 0.0f : options_.weight_decay;
    adam.correction1 =
        static_cast<float>(1 / (1 - std::pow(options_.beta1, steps_)));
    adam.correction2 =
        static_cast<float>(1 / (1 - std::pow(options_.beta2, steps_)));
    ForEachChunk(*p.factors, [&](int64_t, int64_t begin, int64_t end,
                                 const float* factors) {
      const int64_t n = end - begin;
      const float* g = p.gradient + begin;
      float* w = p.value + begin;
      if (options_.kind == OptimizerOptions::kSgd) {
        SgdRun(sgd, clip, factors, g, n, w, &slot.first[begin]);
      } else {
        AdamWRun(adam, clip, factors, g, n, w, &slot.first[begin],
                 &slot.second[begin]);
      }
      if (!slot.average.empty()) AverageRun(decay, w, n, &slot.average[begin]);
    });
  }
}

std::vector<Optimizer::Array> Optimizer::Arrays() const {
  std::vector<Array> arrays;
  if (options_.kind == OptimizerOptions::kSgd) {
    arrays = {{"sgd/momentum/", &Slot::first}};
  } else {
    arrays = {{"adamw/m/", &Slot::first}, {"adamw/v/", &Slot::second}};
  }
  if (options_.ema_decay > 0) arrays.push_back({"average/", &Slot::average});
  return arrays;
}

void Optimizer::Save(std::map<std::string, Tensor>* state) const {
  for (const Array& array : Arrays()) {
    for (const Slot& slot : slots_) {
      (*state)[array.prefix + slot.parameter->name] =
          slot.parameter->to_file((slot.*array.values).data());
    }
  }
}

absl::Status Optimizer::Load(const std::map<std::string, Tensor>& state,
                             int64_t steps) {
  for (const Array& array : Arrays()) {
    for (Slot& slot : slots_) {
      const std::string name = array.prefix + slot.parameter->name;
      const auto found = state.find(name);
      if (found == state.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("the optimiser's state lacks ", name));
      }
      if (found->second.shape() != slot.parameter->shape ||
          found->second.type() != DType::kF32) {
        return absl::InvalidArgumentError(
            absl::StrCat("the optimiser's state ", name, " is ",
                         DTypeName(found->second.type()), " ",
                         found->second.shape().ToString(), ", expected f32 ",
                         slot.parameter->shape.ToString()));
      }
      slot.parameter->from_file(found->second, (slot.*array.values).data());
    }
  }
  steps_ = steps;
  return absl::OkStatus();
}

std::map<std::string, Tensor> Optimizer::Averages() const {
  std::map<std::string, Tensor> averages;
  if (options_.ema_decay <= 0) return averages;
  for (const Slot& slot : slots_) {
    averages[slot.parameter->name] =
        slot.parameter->to_file(slot.average.data());
  }
  return averages;
}

}  // namespace fcis
