#include "fcis/core/testing/near.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace fcis {
namespace {

double Element(const Tensor& t, int64_t i) {
  return t.type() == DType::kF64 ? t.data<double>()[i] : t.data<float>()[i];
}

}  // namespace

double AbsMax(const Tensor& t) {
  double most = 0;
  for (const float v : t.span<float>()) {
    most = std::max(most, std::abs(static_cast<double>(v)));
  }
  return most;
}

::testing::AssertionResult AllNear(const Tensor& actual, const Tensor& expected,
                                   double limit) {
  if (actual.shape() != expected.shape()) {
    return ::testing::AssertionFailure()
           << "shape " << actual.shape().ToString() << ", expected "
           << expected.shape().ToString();
  }
  int64_t worst = -1, off = 0;
  double most = 0;
  for (int64_t i = 0; i < expected.num_elements(); ++i) {
    const double a = Element(actual, i);
    const double e = Element(expected, i);
    const double error = std::abs(a - e);
    if (error <= limit || a == e || (std::isnan(a) && std::isnan(e))) continue;
    ++off;
    if (worst < 0 || error > most || std::isnan(error)) {
      worst = i;
      most = error;
    }
  }
  if (off == 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << off << " of " << expected.num_elements()
         << " elements are off by more than " << limit << "; the worst, "
         << worst << " of " << expected.shape().ToString() << ", is "
         << Element(actual, worst) << ", expected " << Element(expected, worst);
}

::testing::AssertionResult AllEqual(const Tensor& actual,
                                    const Tensor& expected) {
  if (actual.type() != expected.type() || actual.shape() != expected.shape()) {
    return ::testing::AssertionFailure()
           << actual.Describe() << ", expected " << expected.Describe();
  }
  const int64_t size = DTypeSize(actual.type());
  const char* a = static_cast<const char*>(actual.raw());
  const char* e = static_cast<const char*>(expected.raw());
  for (int64_t i = 0; i < actual.num_elements(); ++i) {
    if (std::memcmp(a + i * size, e + i * size, size) != 0) {
      return ::testing::AssertionFailure()
             << "element " << i << " of " << actual.shape().ToString()
             << " differs";
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace fcis
