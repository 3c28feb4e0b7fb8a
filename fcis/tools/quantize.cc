#include "fcis/tools/quantize.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/image/prepare.h"
#include "fcis/data/codec/image_reader.h"

namespace fcis::tools {
namespace {

absl::StatusOr<Tensor> PreparedPicture(const std::string& path,
                                       const InputConfig& input) {
  ASSIGN_OR_RETURN(const Image image, data::ReadImage(path));
  return Prepare(image, input);
}

}  // namespace

std::vector<std::string> SpreadOver(const std::vector<std::string>& paths,
                                    int limit) {
  const size_t all = paths.size();
  const auto most = static_cast<size_t>(limit);
  if (limit <= 0 || all <= most) return paths;
  std::vector<std::string> some;
  for (size_t i = 0; i < most; ++i) some.push_back(paths[i * all / most]);
  return some;
}

absl::StatusOr<std::vector<Tensor>> PreparedPictures(
    const std::vector<std::string>& paths, const InputConfig& input,
    std::vector<absl::Status>* errors) {
  std::vector<Tensor> pictures;
  for (const std::string& path : paths) {
    absl::StatusOr<Tensor> picture = PreparedPicture(path, input);
    if (picture.ok()) {
      pictures.push_back(*std::move(picture));
    } else {
      errors->push_back(picture.status());
    }
  }
  if (!pictures.empty()) return pictures;
  return errors->empty() ? absl::InvalidArgumentError("no pictures")
                         : errors->front();
}

std::string QuantizeTable(const model::QuantizedModel& model) {
  std::string text =
      absl::StrFormat("%-34s %-6s %9s %9s %7s %7s %8s %6s\n", "layer", "type",
                      "range", "clip", "map %", "kernel%", "loss %", "work %");
  double share = 0;
  int64_t count = 0;
  for (const model::QuantizedLayer& layer : model.layers) {
    absl::StrAppendFormat(&text, "%-34s %-6s %9.3g ", layer.name,
                          layer.int8 ? "int8" : "float", layer.largest);
    if (layer.clip > 0) {
      absl::StrAppendFormat(&text, "%9.3g %7.2f ", layer.clip,
                            100 * layer.map_error);
    } else {
      absl::StrAppendFormat(&text, "%9s %7s ", "-", "-");
    }
    absl::StrAppendFormat(
        &text, "%7.2f %8s %6.2f\n", 100 * layer.kernel_error,
        model.loss ? absl::StrFormat("%.3f", 100 * layer.loss) : "-",
        100 * layer.share);
    if (!layer.int8) continue;
    share += layer.share;
    ++count;
  }
  absl::StrAppendFormat(
      &text, "%d of %d layers, %.1f %% of the multiplications, in 8 bits; %s\n",
      count, model.layers.size(), 100 * share,
      model.loss ? absl::StrFormat("the network's outputs are off by %.2f %%",
                                   100 * *model.loss)
                 : "what that costs was not measured");
  return text;
}

}  // namespace fcis::tools
