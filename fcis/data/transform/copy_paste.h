// Objects of one picture pasted into another ("Simple Copy-Paste", Ghiasi et
// al. 2021): instances in surroundings and before others that no photograph
// has.
#ifndef FCIS_DATA_TRANSFORM_COPY_PASTE_H_
#define FCIS_DATA_TRANSFORM_COPY_PASTE_H_

#include "fcis/core/base/random_stream.h"
#include "fcis/data/transform/instances.h"

namespace fcis::data {

struct PasteOptions {
  double zoom = 1;      // pixels of the target for one of the source
  bool mirror = false;  // each object left to right, half of the time
  // Each object is reduced by a factor of its own, log-uniform in [reduce, 1].
  double reduce = 1;
};

// Pastes each object of `source` with probability 1/2, in a random place within
// the target (what is larger than the target is cut). Masks of the target lose
// what is covered: an instance that has lost something gets the extent of the
// rest as box, one that has lost all is dropped. What is covered is no longer
// ignored. Pasted objects come last, with
// the extent of their visible mask as box.
void PasteObjects(const LabelledImage& source, const PasteOptions& options,
                  RandomStream& random, LabelledImage& target);

}  // namespace fcis::data

#endif  // FCIS_DATA_TRANSFORM_COPY_PASTE_H_
