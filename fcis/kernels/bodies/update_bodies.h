// What is computed on parameters (parameter_math.h), as bodies of launch.h.
#ifndef FCIS_KERNELS_BODIES_UPDATE_BODIES_H_
#define FCIS_KERNELS_BODIES_UPDATE_BODIES_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/kernels/train/update_rules.h"

namespace fcis::kernels {

// A gradient's factor: one per `segment` elements, or null: 1.
struct FactorOf {
  const float* factors;
  int64_t segment;

  FCIS_HD float operator()(int64_t i) const {
    return factors == nullptr ? 1.0f : factors[i / segment];
  }
};

// One per element, or null: 1.
struct FactorOfEach {
  const float* factors;

  FCIS_HD float operator()(int64_t i) const {
    return factors == nullptr ? 1.0f : factors[i];
  }
};

// to = from (+ to). Count: elements, as of all that follow but one.
template <typename From>
struct PutBody {
  const From* from;
  bool add;
  float* to;

  FCIS_HD void operator()(int64_t i) const {
    to[i] = static_cast<float>(add ? to[i] + from[i] : from[i]);
  }
};

struct FillBody {
  float value;
  float* to;

  FCIS_HD void operator()(int64_t i) const { to[i] = value; }
};

struct AddBody {
  const float *a, *b;
  float* to;

  FCIS_HD void operator()(int64_t i) const { to[i] = a[i] + b[i]; }
};

// to = factor * from.
struct FoldBody {
  FactorOf factor;
  const float* from;
  float* to;

  FCIS_HD void operator()(int64_t i) const { to[i] = from[i] * factor(i); }
};

// Sums of squares. Count: `parts`, each of every parts-th of n elements.
struct SquaresBody {
  FactorOf factor;
  int64_t n, parts;
  const float* gradient;
  double* sums;

  FCIS_HD void operator()(int64_t part) const {
    double sum = 0;
    for (int64_t i = part; i < n; i += parts) {
      const double v = gradient[i] * factor(i);
      sum += v * v;
    }
    sums[part] = sum;
  }
};

// What both updates share. Factor: FactorOf, or FactorOfEach.
template <typename Factor>
struct Update {
  Factor factor;
  float clip;
  const float* gradient;
  float *value, *first, *second;
  float* average;  // or null
  float average_decay;

  FCIS_HD float Gradient(int64_t i) const {
    return gradient[i] * factor(i) * clip;
  }
  FCIS_HD void Average(int64_t i) const {
    if (average != nullptr) {
      AveragedUpdate(average_decay, value[i], average + i);
    }
  }
};

template <typename Factor>
struct SgdBody {
  SgdParams params;
  Update<Factor> u;

  FCIS_HD void operator()(int64_t i) const {
    SgdUpdate(params, u.Gradient(i), u.value + i, u.first + i);
    u.Average(i);
  }
};

template <typename Factor>
struct AdamWBody {
  AdamWParams params;
  Update<Factor> u;

  FCIS_HD void operator()(int64_t i) const {
    AdamWUpdate(params, u.Gradient(i), u.value + i, u.first + i, u.second + i);
    u.Average(i);
  }
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_UPDATE_BODIES_H_
