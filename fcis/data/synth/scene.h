// Painted scenes with known masks: a data set without a download, to learn on,
// to try the tools with and to test. A scene depends on its seed and number
// alone.
#ifndef FCIS_DATA_SYNTH_SCENE_H_
#define FCIS_DATA_SYNTH_SCENE_H_

#include <cstdint>
#include <vector>

#include "fcis/core/image/image.h"
#include "fcis/core/rle/rle.h"

namespace fcis::data {

struct SceneObject {
  int label = 0;         // of kShapeNames
  Rle mask;              // its visible part
  double full_area = 0;  // pixels, had nothing hidden or cut it
};

struct Scene {
  Image image;
  std::vector<SceneObject> objects;  // from back to front; 2 to 6
};

// Lengths grow with the width: at 320 pixels the visible parts' sqrt(area) is
// about 45 / 73 / 128 at the 5th / 50th / 95th percentile. Four objects in ten
// are partly hidden or cut by the border. 6 to 23 lines and specks lie beneath
// them, and noise over all. height, width >= 32.
Scene PaintScene(int height, int width, uint64_t seed, uint64_t number);

}  // namespace fcis::data

#endif  // FCIS_DATA_SYNTH_SCENE_H_
