// What quantize tells of a model that it has quantised.
#ifndef FCIS_TOOLS_QUANTIZE_H_
#define FCIS_TOOLS_QUANTIZE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/model/quantize.h"

namespace fcis::tools {

// At most `limit` of the paths, spread evenly over them; limit <= 0: all.
std::vector<std::string> SpreadOver(const std::vector<std::string>& paths,
                                    int limit);

// The pictures that can be read, prepared as the network's input; why others
// cannot is added to `errors`. None: the first error.
absl::StatusOr<std::vector<Tensor>> PreparedPictures(
    const std::vector<std::string>& paths, const InputConfig& input,
    std::vector<absl::Status>* errors);

// A line each layer: its type, the range of what it gives and where that is
// clipped, the errors of both, what it alone costs, its share of the
// multiplications. Then a summary.
std::string QuantizeTable(const model::QuantizedModel& model);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_QUANTIZE_H_
