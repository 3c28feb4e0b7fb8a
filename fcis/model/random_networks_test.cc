// Networks and pictures by chance, on the cpu beside the plain loops, op by op,
// in each precision: the check backend computes what may differ.
// $FCIS_RANDOM_CASES says how many of each precision, $FCIS_RANDOM_SEED which
// (scripts/prove_differential).
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/base/random_stream.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/image/image.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/kernels/ref/ref_backend.h"
#include "fcis/model/detector.h"
#include "fcis/model/network.h"
#include "fcis/model/quantize.h"
#include "fcis/model/topology.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using kernels::Precision;

uint64_t NumberOf(const char* variable, uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  uint64_t number = otherwise;
  if (text != nullptr) {
    EXPECT_TRUE(absl::SimpleAtoi(text, &number)) << variable;
  }
  return number;
}

// Many channels are seldom: the plain loops take long.
int Channels(RandomStream& r) {
  if (r.Chance(.2)) return 16 * r.Integer(1, 5);
  return r.Chance(.1) ? r.Integer(33, 80) : r.Integer(1, 32);
}

void ChooseBackbone(RandomStream& r, BackboneConfig* backbone) {
  for (int i = 0; i < 4; ++i) backbone->set_blocks(i, r.Chance(.2) ? 2 : 1);
  // Winograd's algorithm is for channels in sixteens.
  backbone->set_width(r.Chance(.2) ? 8 * r.Integer(1, 2) : r.Integer(1, 6));
  backbone->set_stem_width(r.Chance(.5) ? 0 : r.Integer(1, 20));
}

void ChooseRpn(RandomStream& r, RpnConfig* rpn) {
  rpn->set_mid_channels(Channels(r));
  rpn->clear_ratios();
  rpn->clear_scales();
  for (int i = r.Integer(1, 3); i > 0; --i) {
    rpn->add_ratios(static_cast<float>(r.Uniform(.3, 3)));
  }
  for (int i = r.Integer(1, 4); i > 0; --i) {
    rpn->add_scales(static_cast<float>(r.Uniform(.5, 5)));
  }
  rpn->set_pre_nms(r.Integer(1, 200));
  rpn->set_post_nms(r.Integer(1, 24));
  rpn->set_nms_thresh(static_cast<float>(r.Uniform(.2, 1)));
  rpn->set_min_size(static_cast<float>(r.Uniform(0, 16)));
}

void ChooseHead(RandomStream& r, HeadConfig* head) {
  head->set_mid_channels(Channels(r));
  head->set_group_size(r.Integer(1, 5));
  head->set_roi_size(head->group_size() * r.Integer(1, 3) +
                     (r.Chance(.3) ? r.Integer(0, 2) : 0));
  head->set_psroi_rounding(
      static_cast<HeadConfig::PsroiRounding>(r.Integer(0, 2)));
}

void ChoosePostprocess(RandomStream& r, PostprocessConfig* post) {
  post->set_score_thresh(r.Uniform(0, .5));
  post->set_nms_thresh(r.Uniform(.1, .9));
  post->set_iter2(r.Chance(.7));
  post->set_mask_voting(r.Chance(.7));
  post->set_voting_rule(
      static_cast<PostprocessConfig::VotingRule>(r.Integer(0, 1)));
  post->set_max_detections(r.Integer(1, 50));
}

ModelConfig RandomConfig(RandomStream& r) {
  ModelConfig config = *Preset("parity_mini");
  config.clear_classes();
  for (int i = r.Integer(1, 9); i > 0; --i) {
    config.add_classes()->set_name(absl::StrCat("class ", i));
  }
  config.mutable_input()->set_min_size(r.Integer(1, 90));
  config.mutable_input()->set_max_size(config.input().min_size() +
                                       r.Integer(0, 60));
  ChooseBackbone(r, config.mutable_backbone());
  ChooseRpn(r, config.mutable_rpn());
  ChooseHead(r, config.mutable_head());
  ChoosePostprocess(r, config.mutable_postprocess());
  return config;
}

// Strides in the 3x3 layers, as torchvision has them; res5 without dilation.
Topology RandomTopology(const ModelConfig& config, RandomStream& r) {
  Topology topology = TopologyOf(config);
  const bool moves = r.Chance(.3), dense = r.Chance(.3);
  for (ConvSpec& layer : topology.layers) {
    if (dense && layer.params.dilation == 2) {
      layer.params.dilation = layer.params.pad = 1;
    }
    if (!moves || layer.params.stride != 2 || layer.stage < 2 ||
        !absl::EndsWith(layer.name, "/conv1")) {
      continue;
    }
    layer.params.stride = 1;
    const auto second = absl::StrReplaceAll(layer.name, {{"conv1", "conv2"}});
    for (ConvSpec& other : topology.layers) {
      if (other.name == second) other.params.stride = 2;
    }
  }
  return topology;
}

Image RandomImage(RandomStream& r) {
  const int height = r.Integer(1, 120), width = r.Integer(1, 120);
  Image image(height, width);
  const int spread = r.Integer(1, 255);
  for (uint8_t& v : image.pixels) {
    v = static_cast<uint8_t>(r.Integer(255 - spread, 255));
  }
  return image;
}

Tensor RandomPicture(RandomStream& r) {
  Tensor picture(Shape{1, r.Integer(1, 100), r.Integer(1, 100), 3});
  for (float& v : picture.mutable_span<float>()) {
    v = static_cast<float>(r.Uniform(-120, 130));
  }
  return picture;
}

absl::Status RunCase(Precision precision, uint64_t seed) {
  RandomStream r("network", seed);
  const ModelConfig config = RandomConfig(r);
  Weights weights = DeterministicWeights(config, seed);
  const Topology topology = RandomTopology(config, r);
  const Tensor picture = RandomPicture(r);
  const Image image = RandomImage(r);
  if (precision == Precision::kInt8) {
    const auto ref = kernels::MakeRefBackend(DType::kF32, /*int8=*/true);
    QuantizeOptions options;
    options.loss_pictures = 0;
    ASSIGN_OR_RETURN(
        QuantizedModel quantized,
        Quantize(
            weights, options, [&](int) { return picture; }, ref.get()));
    weights = std::move(quantized.weights);
    for (auto layer = weights.int8.kernels.begin();
         layer != weights.int8.kernels.end();) {
      layer = r.Chance(.1) ? weights.int8.kernels.erase(layer) : ++layer;
    }
  }
  const auto algorithm = static_cast<kernels::ConvAlgorithm>(r.Integer(0, 2));
  ASSIGN_OR_RETURN(const auto backend,
                   kernels::MakeBackend("check:cpu,ref", precision, algorithm));
  ASSIGN_OR_RETURN(
      const Network network,
      Network::Create(topology, topology.outputs, weights, backend.get()));
  RETURN_IF_ERROR(network.Run(picture, nullptr).status());
  ASSIGN_OR_RETURN(const auto detector,
                   Detector::Create(std::move(weights), backend.get()));
  return detector->Detect(image, config.postprocess()).status();
}

class RandomNetworks : public ::testing::TestWithParam<const char*> {};

TEST_P(RandomNetworks, CpuBesideRef) {
  const Precision precision = *kernels::ParsePrecision(GetParam());
  const auto there = kernels::MakeBackend("check:cpu,ref", precision);
  if (!there.ok()) GTEST_SKIP() << there.status();
  const uint64_t first = NumberOf("FCIS_RANDOM_SEED", 1);
  const uint64_t count = NumberOf("FCIS_RANDOM_CASES", 12);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    EXPECT_TRUE(RunCase(precision, seed).ok())
        << GetParam() << ", seed " << seed << ": " << RunCase(precision, seed);
  }
  std::printf("%s: seeds %llu to %llu\n", GetParam(),
              static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(first + count - 1));
}

INSTANTIATE_TEST_SUITE_P(Precisions, RandomNetworks,
                         ::testing::Values("f32", "bf16", "int8"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

}  // namespace
}  // namespace fcis::model
