// Drawing what was found into the picture.
#ifndef FCIS_CORE_DRAW_DRAW_INSTANCES_H_
#define FCIS_CORE_DRAW_DRAW_INSTANCES_H_

#include <string>

#include "absl/types/span.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/image/image.h"
#include "fcis/core/mask/paste.h"

namespace fcis {

struct DrawInstance {
  Box box;  // finite; pixels of the picture, what lies outside is not drawn
  const PastedMask* mask = nullptr;  // in the picture; null: none
  std::string label;  // printable ASCII; cut to the picture's width
};

// Each instance gets a colour by its place in the list (InstanceColor): its
// mask filled translucently and outlined, its box, and its label on a filled
// background, above the box or wherever it covers no other label. Lines and
// letters grow with the picture. Touches the instances' boxes and labels only.
void DrawInstances(absl::Span<const DrawInstance> instances, Image* image);

}  // namespace fcis

#endif  // FCIS_CORE_DRAW_DRAW_INSTANCES_H_
