// A part of a network that runs again and again: what Backend::Repeat returns.
#ifndef FCIS_KERNELS_REPEATED_NETWORK_H_
#define FCIS_KERNELS_REPEATED_NETWORK_H_

#include <functional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {

using NetworkFunction =
    std::function<absl::StatusOr<std::vector<Tensor>>(Tensor x)>;

class RepeatedNetwork {
 public:
  explicit RepeatedNetwork(NetworkFunction network)
      : network_(std::move(network)) {}
  virtual ~RepeatedNetwork() = default;
  RepeatedNetwork(const RepeatedNetwork&) = delete;
  RepeatedNetwork& operator=(const RepeatedNetwork&) = delete;

  // network(x), the same bits; errors are the network's. Results are the
  // caller's, for as long as it keeps them.
  virtual absl::StatusOr<std::vector<Tensor>> Run(Tensor x) {
    return network_(std::move(x));
  }

 private:
  const NetworkFunction network_;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_REPEATED_NETWORK_H_
