// Charts as stand-alone SVG, which any browser shows.
#ifndef FCIS_CORE_DRAW_CHART_H_
#define FCIS_CORE_DRAW_CHART_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace fcis {

// The values along one side of a chart.
struct ChartAxis {
  double low = 0, high = 1;  // low < high
  bool logarithmic = false;  // 0 < low
  int decimals = 0;          // of the numbers beside an axis that is not
  std::string title;         // "": none
};

// x and y.
using ChartCurve = std::vector<std::pair<double, double>>;

struct ChartPoint {
  double x = 0, y = 0;
  std::string mark;  // written beside it
  std::string hint;  // shown where the mouse rests on it
};

// Lines and points over a grid, each with its name and a colour of its own. All
// texts are without markup (<, &).
class Chart {
 public:
  // right: an axis at the right, which has no grid, for some of the lines.
  Chart(const ChartAxis& x, const ChartAxis& y,
        const absl::optional<ChartAxis>& right = {});

  void AddLine(absl::string_view name, const ChartCurve& points);
  // On the axis at the right, which there is; bolder.
  void AddRightLine(absl::string_view name, const ChartCurve& points);
  void AddPoints(absl::string_view name, const std::vector<ChartPoint>& points);

  std::string Svg() const { return svg_ + "</svg>\n"; }

 private:
  void AddPolyline(absl::string_view name, const ChartCurve& points,
                   const ChartAxis& y, absl::string_view width);
  // Puts a name beside the chart; returns its colour.
  std::string NextColor(absl::string_view name, std::string* legend);

  const ChartAxis x_, y_;
  const absl::optional<ChartAxis> right_;
  size_t names_ = 0;
  std::string svg_;
};

}  // namespace fcis

#endif  // FCIS_CORE_DRAW_CHART_H_
