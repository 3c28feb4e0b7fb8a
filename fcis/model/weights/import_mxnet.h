// Importer of MXNet's .params models: msracver/FCIS, the original. Names and
// channel orders as in chainer-fcis scripts/convert_model.py.
#ifndef FCIS_MODEL_WEIGHTS_IMPORT_MXNET_H_
#define FCIS_MODEL_WEIGHTS_IMPORT_MXNET_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {

// Every array of a .params file ("arg:conv1_weight", "aux:bn_conv1_moving_var")
// of MXNet's list format, versions 0 to 3, dense and little-endian. Errors name
// the file and the array: another format, sizes that do not fit the file.
absl::StatusOr<std::map<std::string, Tensor>> ReadMxnetParams(
    const std::string& path);

// The model, with PSROI's far edge included (round_then_scale_inclusive), as
// msracver/FCIS computes it. `config` as for ImportNpz.
//
// A checkpoint of msracver/FCIS holds the box layer twice: as it was trained,
// and as "..._test" times the standard deviations of the deltas. The network
// multiplies by them, there (BoxParser) and here (HeadConfig.loc_std), so the
// trained one is read, as msracver's test program does; its demo reads the
// other one and multiplies twice. "..._test" is read where it stands alone; the
// choice is in Weights.remark.
absl::StatusOr<Weights> ImportMxnet(const std::string& path,
                                    const absl::optional<ModelConfig>& config);

// msracver's name (without "arg:" or "aux:") -> chainer-fcis's; empty: none.
std::string NameFromMxnet(const std::string& name);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_IMPORT_MXNET_H_
