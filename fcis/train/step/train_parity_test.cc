// Whole training steps against the references: targets, losses, the gradient of
// every parameter, weights after each step.
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/golden_boxes.h"
#include "fcis/core/testing/near.h"
#include "fcis/data/transform/train_transform.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/model/testing/golden_config.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/import_npz.h"
#include "fcis/train/optimizer/optimizer.h"
#include "fcis/train/step/train_step.h"
#include "fcis/train/testing/file_gradients.h"
#include "fcis/train/testing/golden_training.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

// The limits are derived in docs/reference.md, Fixtures 4.
struct Limits {
  double loss, norm, sample, delta_sample, delta_norm, rois;
};
constexpr Limits kSmallNets = {1e-4, 2e-4, 5e-4, 3e-7, 2e-4, 2e-3};
constexpr Limits kFull101 = {1e-4, 5e-3, 3e-2, 2e-6, 5e-3, 1e-2};

constexpr char kChainercv[] = "chainercv_small";

constexpr char kScaledLayer[] = "head/psroi_conv1";
constexpr float kScale = 3;

// Elements floor(j n / 64) of an array.
Tensor Samples(const Tensor& t) {
  constexpr int64_t kSamples = 64;
  Tensor some(Shape{kSamples});
  for (int64_t j = 0; j < kSamples; ++j) {
    some.mutable_data<float>()[j] =
        t.data<float>()[j * t.num_elements() / kSamples];
  }
  return some;
}

double L2(const Tensor& t) {
  double sum = 0;
  for (const double v : t.span<float>()) sum += v * v;
  return std::sqrt(sum);
}

using Tensors = std::map<std::string, Tensor>;

std::string FileOf(const std::string& network) {
  return network == kChainercv ? "chainercv/train_small.npz"
                               : absl::StrCat("train_", network, ".npz");
}

class TrainParity
    : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  TrainParity()
      : full_(std::get<0>(GetParam()) == "full101"),
        chainercv_(std::get<0>(GetParam()) == kChainercv),
        limits_(full_ ? kFull101 : kSmallNets),
        golden_(FileOf(std::get<0>(GetParam()))),
        backend_(kernels::MakeTestTrainBackend(std::get<1>(GetParam()))) {
    if (chainercv_) {
      const ChainercvTraining training = ReadChainercvTraining(golden_);
      config_ = training.config;
      recipe_ = training.recipe;
      sample_ = training.sample;
      ReadChainercvNames();
      return;
    }
    names_ = golden_.Lines("param_names");
    auto* scaled = recipe_.mutable_optimizer()->add_layer_scales();
    scaled->set_layer(kScaledLayer);
    scaled->set_scale(kScale);
    config_ = full_ ? *Preset("resnet101_coco") : model::GoldenConfig(golden_);
    const std::vector<int> sizes = golden_.Ints("min_max");
    config_.mutable_input()->set_min_size(sizes[0]);
    config_.mutable_input()->set_max_size(sizes[1]);
    LossConfig& loss = *recipe_.mutable_loss();
    loss.set_anchor_samples(golden_.Int("anchor_n_sample"));
    loss.set_roi_samples(golden_.Int("n_sample"));
    loss.set_background_iou_low(golden_.Float("bg_iou_thresh_lo"));
    MakeSample();
  }

  void ReadChainercvNames();

  Tensor Step(int step, const char* name) {
    return golden_.Get(absl::StrCat("step", step, "/", name));
  }
  // The first step must have everything; not all of it is stored of others.
  bool Stored(int step, const char* name) {
    return step == 0 || golden_.Has(absl::StrCat("step", step, "/", name));
  }
  std::vector<int> StepInts(int step, const std::string& name) {
    return golden_.Ints(absl::StrCat("step", step, "/", name));
  }

  void MakeSample();
  void ExpectSample();
  void ExpectTargets(int step, const PictureTargets& targets);
  void ExpectChoices(int step, Sampler* sampler);
  void ExpectLosses(int step, const LossTerms& terms);
  void ExpectGradients(int step, const Tensors& gradients,
                       const model::Weights& weights);
  Tensor Hooked(const Tensor& g, const Tensor& w, const std::string& name);
  void ExpectWeights(int step, const model::Weights& start,
                     const model::Weights& now);

  const bool full_, chainercv_;
  const Limits limits_;
  const GoldenFile golden_;
  std::unique_ptr<kernels::TrainBackend> backend_;
  ModelConfig config_;
  TrainConfig recipe_;
  data::TrainSample sample_;
  // Of the rows of the tables; and as the file spells them.
  std::vector<std::string> names_, file_names_;
};

void TrainParity::ReadChainercvNames() {
  names_ = golden_.Lines("param_names_chainer_fcis");
  file_names_ = golden_.Lines("param_names");
  ASSERT_EQ(names_.size(), file_names_.size());
  for (size_t p = 0; p < names_.size(); ++p) {
    EXPECT_EQ(model::NameFromChainercv(file_names_[p]), names_[p]);
  }
}

void TrainParity::ExpectSample() {
  EXPECT_EQ(sample_.scale, golden_.Double("scale_f64"));
  EXPECT_TRUE(AllNear(YxyxFromBoxes(sample_.instances.boxes),
                      golden_.Get("gt_bbox"), 1e-4));
}

void TrainParity::MakeSample() {
  // The full network's picture is that of its forward fixture.
  const Image image = full_ ? ImageFromChw(GoldenFile("full101.npz").Get("img"))
                            : ImageFromChw(golden_.Get("img"));
  data::Instances instances;
  instances.boxes = BoxesFromYxyx(golden_.Get("gt_bbox_orig"));
  instances.labels = golden_.Ints("gt_label");
  instances.masks = UnpackMasks(golden_.Get("mask_orig_packed"),
                                int64_t{image.height} * image.width);
  sample_ =
      *data::TransformForTraining(image, instances, config_.input(), false);
  if (!full_) {
    Tensor want = golden_.Get("prepared");
    want = want.Reshaped({1, want.dim(0), want.dim(1), want.dim(2)});
    EXPECT_TRUE(AllNear(NhwcToNchw(sample_.prepared), want, 5e-5));
  }
  EXPECT_EQ(sample_.instances.labels, instances.labels);
  const std::vector<int> shape = golden_.Ints("gt_mask_shape");
  EXPECT_EQ(sample_.prepared.dim(1), shape[1]);
  EXPECT_EQ(sample_.prepared.dim(2), shape[2]);
  EXPECT_EQ(sample_.instances.masks, UnpackMasks(golden_.Get("gt_mask_packed"),
                                                 int64_t{shape[1]} * shape[2]));
}

void TrainParity::ExpectTargets(int step, const PictureTargets& targets) {
  const Tensor labels = Step(step, "gt_rpn_labels");
  EXPECT_TRUE(
      AllEqual(Tensor::FromSpan(labels.shape(),
                                absl::MakeConstSpan(targets.anchors.labels)),
               labels));
  if (Stored(step, "gt_rpn_locs")) {
    EXPECT_TRUE(AllNear(DeltaRows(targets.anchors.deltas),
                        Step(step, "gt_rpn_locs"), 1e-3));
  }
  EXPECT_TRUE(AllNear(YxyxFromBoxes(targets.proposals), Step(step, "rois"),
                      limits_.rois));
  const Tensor rois = YxyxFromBoxes(targets.rois.rois);
  const Tensor want_rois = Step(step, "sample_rois");
  ASSERT_TRUE(AllNear(rois, want_rois, limits_.rois));
  EXPECT_EQ(targets.rois.labels, StepInts(step, "gt_roi_labels"));
  const Tensor deltas = Step(step, "gt_roi_locs");
  EXPECT_TRUE(DeltasNear(DeltaRows(targets.rois.deltas), deltas, rois,
                         want_rois, LocStdOf(config_.head())));
  if (!Stored(step, "gt_roi_masks")) return;
  const Tensor masks = Step(step, "gt_roi_masks");
  ASSERT_EQ(static_cast<int64_t>(targets.rois.masks.size()),
            masks.num_elements());
  int64_t wrong = 0;
  for (int64_t i = 0; i < masks.num_elements(); ++i) {
    wrong += targets.rois.masks[i] != masks.data<int8_t>()[i];
  }
  EXPECT_LE(wrong, masks.num_elements() / 1000);
}

// The step's recorded calls, replayed.
void TrainParity::ExpectChoices(int step, Sampler* sampler) {
  for (int c = 0; c < StepInts(step, "n_choice")[0]; ++c) {
    const std::vector<int> chosen =
        StepInts(step, absl::StrCat("choice", c, "_chosen"));
    const std::string candidates =
        absl::StrCat("step", step, "/choice", c, "_candidates");
    if (!golden_.Has(candidates)) {  // the full network's are not stored
      sampler->Choose({}, 0);
      continue;
    }
    EXPECT_EQ(sampler->Choose(golden_.Ints(candidates), chosen.size()), chosen);
  }
}

void TrainParity::ExpectLosses(int step, const LossTerms& terms) {
  std::map<std::string, double> got = {
      {"loss", terms.sum()},
      {"roi_loc_loss", terms[kernels::kFcisLocTerm]},
      {"roi_cls_loss", terms[kernels::kFcisClsTerm]},
      {"roi_mask_loss", terms[kernels::kFcisMaskTerm]}};
  for (const LossColumn& column : LossColumns()) {
    got[column.name] = terms[column.number];
  }
  const std::vector<std::string> names = golden_.Lines("loss_names");
  ASSERT_EQ(names.size(), chainercv_ ? 6u : 9u);
  const Tensor losses = golden_.Get("losses");
  const int rois = golden_.Int("n_sample");
  for (size_t i = 0; i < names.size(); ++i) {
    const double want = losses.data<float>()[step * names.size() + i];
    const bool accuracy = absl::EndsWith(names[i], "_acc");
    // One sample of an accuracy; foreground is a quarter at most.
    const double limit = accuracy ? 4.5 / rois : limits_.loss * want;
    EXPECT_NEAR(got.at(names[i]), want, limit) << names[i];
  }
}

// What the optimiser's hooks make of a gradient: decay, then the layer's scale.
// chainer-fcis's whole gradients are stored after them, the tables before.
Tensor TrainParity::Hooked(const Tensor& g, const Tensor& w,
                           const std::string& name) {
  const float decay = golden_.Floats("lr_momentum_wd")[2];
  const float scale = absl::StartsWith(name, kScaledLayer) ? kScale : 1.0f;
  Tensor hooked(g.shape());
  for (int64_t i = 0; i < g.num_elements(); ++i) {
    hooked.mutable_data<float>()[i] =
        (g.data<float>()[i] + decay * w.data<float>()[i]) * scale;
  }
  return hooked;
}

void TrainParity::ExpectGradients(int step, const Tensors& gradients,
                                  const model::Weights& weights) {
  const std::vector<std::string>& names = names_;
  const Tensor has = golden_.Get("param_has_grad");
  const Tensor l2 = Step(step, "grad_l2_f64"), sum = Step(step, "grad_sum_f64");
  const Tensor top = Step(step, "grad_absmax");
  const Tensor some = step == 0 ? Step(step, "grad_sample") : Tensor();
  for (size_t p = 0; p < names.size(); ++p) {
    SCOPED_TRACE(names[p]);
    const bool computed = has.data<uint8_t>()[p] != 0;
    EXPECT_EQ(gradients.count(names[p]), computed ? 1 : 0);
    if (!computed) {
      EXPECT_EQ(l2.data<double>()[p], 0);
      EXPECT_EQ(sum.data<double>()[p], 0);
      EXPECT_EQ(top.data<float>()[p], 0);
      if (step == 0) {
        EXPECT_EQ(AbsMax(RowOf(some, p)), 0);
      }
      continue;
    }
    const Tensor& g = gradients.at(names[p]);
    const double norm = l2.data<double>()[p], peak = top.data<float>()[p];
    EXPECT_NEAR(L2(g), norm, limits_.norm * norm);
    EXPECT_NEAR(AbsMax(g), peak, limits_.norm * peak);
    double total = 0;
    for (const float v : g.span<float>()) total += v;
    EXPECT_NEAR(
        total, sum.data<double>()[p],
        limits_.norm * norm * std::sqrt(static_cast<double>(g.num_elements())));
    if (step > 0) continue;  // stored for the first step only
    EXPECT_TRUE(AllNear(Samples(g), RowOf(some, p), limits_.sample * peak));
    const std::string whole = absl::StrCat(
        "step", step, "/grad/", chainercv_ ? file_names_[p] : names[p]);
    if (golden_.Has(whole)) {
      const Tensor stored =
          chainercv_ ? g : Hooked(g, weights.tensors.at(names[p]), names[p]);
      EXPECT_TRUE(AllNear(stored, golden_.Get(whole), limits_.sample * peak));
    }
  }
}

void TrainParity::ExpectWeights(int step, const model::Weights& start,
                                const model::Weights& now) {
  const std::vector<std::string>& names = names_;
  const Tensor updated = golden_.Get("param_updated");
  const Tensor norm = Step(step, "delta_l2_f64");
  const Tensor delta_some = Step(step, "delta_sample");
  const Tensor some = Step(step, "weight_sample");
  for (size_t p = 0; p < names.size(); ++p) {
    SCOPED_TRACE(names[p]);
    const Tensor& before = start.tensors.at(names[p]);
    const Tensor& after = now.tensors.at(names[p]);
    Tensor delta(before.shape());
    for (int64_t i = 0; i < delta.num_elements(); ++i) {
      delta.mutable_data<float>()[i] =
          after.data<float>()[i] - before.data<float>()[i];
    }
    const double want = norm.data<double>()[p];
    if (updated.data<uint8_t>()[p] == 0) {
      EXPECT_EQ(want, 0);
      EXPECT_EQ(AbsMax(delta), 0);
    }
    // A weight near 1 holds a step of 1e-5 to 6e-8 only.
    const double rounding =
        6e-8 * AbsMax(after) * std::sqrt(1.0 * delta.num_elements());
    EXPECT_NEAR(L2(delta), want, limits_.delta_norm * want + rounding);
    const Tensor row = RowOf(delta_some, p);
    EXPECT_TRUE(AllNear(Samples(delta), row,
                        limits_.sample * AbsMax(row) + limits_.delta_sample));
    EXPECT_TRUE(AllNear(
        Samples(after), RowOf(some, p),
        full_ ? limits_.delta_sample + limits_.sample * AbsMax(row) : 1e-6));
  }
}

TEST_P(TrainParity, EveryStep) {
  ExpectSample();
  const model::Weights start =
      model::DeterministicWeights(config_, golden_.Int("weight_seed"));
  auto network = *TrainNetwork::Create(start, TrainConfig(), backend_.get());
  const std::vector<std::string>& names = names_;
  const Tensor updated = golden_.Get("param_updated");
  std::set<std::string> trained;
  for (const Parameter* p : network->parameters()) trained.insert(p->name);
  for (size_t p = 0; p < names.size(); ++p) {
    EXPECT_EQ(trained.count(names[p]), updated.data<uint8_t>()[p]) << names[p];
  }

  const std::vector<float> sgd = golden_.Floats("lr_momentum_wd");
  EXPECT_EQ(static_cast<float>(recipe_.optimizer().momentum()), sgd[1]);
  EXPECT_EQ(static_cast<float>(recipe_.optimizer().weight_decay()), sgd[2]);
  const auto optimizer = *Optimizer::Create(
      recipe_.optimizer(), network->parameters(), network->math());
  Sampler sampler(golden_.Int("choice_seed"));
  Sampler replayed(golden_.Int("choice_seed"));
  const int steps = static_cast<int>(golden_.Get("losses").dim(0));
  ASSERT_GT(steps, 0);
  for (int step = 0; step < steps; ++step) {
    SCOPED_TRACE(absl::StrCat("step ", step));
    std::vector<PictureTargets> targets;
    StepOptions options;
    options.targets = &targets;
    const absl::StatusOr<LossTerms> terms = TrainStep(
        config_, recipe_, absl::MakeConstSpan(&sample_, 1),
        absl::MakeSpan(&sampler, 1), options, network.get(), backend_.get());
    ASSERT_TRUE(terms.ok()) << terms.status();
    ExpectLosses(step, *terms);
    ExpectTargets(step, targets[0]);
    ExpectChoices(step, &replayed);
    EXPECT_EQ(sampler.calls(), replayed.calls());
    ExpectGradients(step, FileGradients(*network, start), *network->Save());
    ASSERT_TRUE(optimizer->Step(sgd[0], 0).ok());
    ASSERT_TRUE(network->Refresh().ok());
    ExpectWeights(step, start, *network->Save());
  }
}

std::vector<std::tuple<std::string, std::string>> Cases() {
  std::vector<std::tuple<std::string, std::string>> cases;
  for (const std::string& backend : kernels::TrainBackendNames()) {
    cases.emplace_back("mini", backend);
    cases.emplace_back("small", backend);
    cases.emplace_back(kChainercv, backend);
    if (kernels::RunsLargeNetworks(backend))
      cases.emplace_back("full101", backend);
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Networks, TrainParity, ::testing::ValuesIn(Cases()),
                         [](const auto& info) {
                           return absl::StrCat(std::get<0>(info.param), "_",
                                               std::get<1>(info.param));
                         });

}  // namespace
}  // namespace fcis::train
