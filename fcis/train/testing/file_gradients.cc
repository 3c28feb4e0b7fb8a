#include "fcis/train/testing/file_gradients.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace fcis::train {

std::map<std::string, Tensor> FileGradients(const TrainNetwork& network,
                                            const model::Weights& weights) {
  std::map<std::string, Tensor> all;
  for (ConvLayer* layer : network.layers()) {
    for (const Parameter* p : layer->parameters()) {
      std::vector<float> g(p->size());
      EXPECT_TRUE(network.math()->Fetch(p->gradient, p->size(), g.data()).ok());
      p->factors->Apply(g.data(), g.data());
      all[p->name] = p->to_file(g.data());
    }
    const model::ConvSpec& spec = layer->spec();
    if (spec.norm.empty()) continue;
    const Parameter& w = *layer->parameters()[0];
    const Tensor kernel = *FetchTensor(w, w.value, network.math());
    const Tensor folded = *FetchTensor(w, w.gradient, network.math());
    const std::vector<float> gbias = *layer->BiasGradient();
    const auto norm = [&](const char* part) {
      return weights.tensors.at(spec.norm + part).data<float>();
    };
    const int64_t outputs = kernel.dim(0);
    const int64_t row = kernel.num_elements() / outputs;
    Tensor ggamma(Shape{outputs}), gbeta(Shape{outputs});
    for (int64_t o = 0; o < outputs; ++o) {
      double sum = 0;
      for (int64_t i = o * row; i < (o + 1) * row; ++i) {
        sum += static_cast<double>(kernel.data<float>()[i]) *
               folded.data<float>()[i];
      }
      const double gb = gbias[o];
      const double std = std::sqrt(norm("/avg_var")[o] + spec.norm_eps);
      ggamma.mutable_data<float>()[o] =
          static_cast<float>((sum - norm("/avg_mean")[o] * gb) / std);
      gbeta.mutable_data<float>()[o] = static_cast<float>(gb);
    }
    all[spec.norm + "/gamma"] = ggamma;
    all[spec.norm + "/beta"] = gbeta;
  }
  return all;
}

}  // namespace fcis::train
