#include "fcis/model/testing/golden_config.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"

namespace fcis::model {

ModelConfig GoldenConfig(const GoldenFile& golden) {
  ModelConfig c = *Preset("parity_mini");
  c.clear_classes();
  for (int k = 1; k < golden.Int("cfg/n_class"); ++k) {
    c.add_classes()->set_name(absl::StrCat("class", k));
  }
  const std::vector<int> sizes = golden.Ints("min_max");
  c.mutable_input()->set_min_size(sizes[0]);
  c.mutable_input()->set_max_size(sizes[1]);
  BackboneConfig* b = c.mutable_backbone();
  b->clear_blocks();
  for (const int n : golden.Ints("cfg/blocks")) b->add_blocks(n);
  b->set_width(golden.Int("cfg/width"));
  RpnConfig* r = c.mutable_rpn();
  r->set_mid_channels(golden.Int("cfg/rpn_mid"));
  r->clear_ratios();
  for (const float v : golden.Floats("cfg/ratios")) r->add_ratios(v);
  r->clear_scales();
  for (const float v : golden.Floats("cfg/anchor_scales")) r->add_scales(v);
  const std::vector<int> counts = golden.Ints("cfg/pre_post_minsize");
  r->set_pre_nms(counts[0]);
  r->set_post_nms(counts[1]);
  r->set_min_size(counts[2]);
  r->set_nms_thresh(golden.Float("cfg/nms_thresh"));
  HeadConfig* h = c.mutable_head();
  h->set_mid_channels(golden.Int("cfg/head_mid"));
  h->set_group_size(golden.Ints("cfg/group_roi")[0]);
  h->set_roi_size(golden.Ints("cfg/group_roi")[1]);
  return c;
}

}  // namespace fcis::model
