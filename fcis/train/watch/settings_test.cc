#include "fcis/train/watch/settings.h"

#include "fcis/core/config/text_proto.h"
#include "fcis/train/config/train.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(SettingsTest, AreWhatIsNotAtItsDefault) {
  EXPECT_TRUE(Settings(TrainConfig()).empty());
  TrainConfig config;
  config.set_accumulate(config.accumulate());
  config.set_batch(7);
  config.set_model("photos");
  config.mutable_optimizer()->mutable_loss_scale();
  config.mutable_schedule()->set_minutes(2.5);
  config.mutable_schedule()->add_phases();
  config.mutable_schedule()->mutable_phases(0)->set_end_epoch(3);
  config.mutable_schedule()->add_phases();
  EXPECT_THAT(Settings(config),
              ElementsAre(Pair("batch", "7"), Pair("model", "\"photos\""),
                          Pair("optimizer.loss_scale", "set"),
                          Pair("schedule.minutes", "2.5"),
                          Pair("schedule.phases", "[end_epoch: 3, ]")));
}

}  // namespace
}  // namespace fcis::train
