// A picture put together from parts of four (Bochkovskiy et al., "YOLOv4",
// 2020): more and smaller objects, in more surroundings, than one shows.
#ifndef FCIS_DATA_TRANSFORM_MOSAIC_H_
#define FCIS_DATA_TRANSFORM_MOSAIC_H_

#include <array>

#include "fcis/core/base/random_stream.h"
#include "fcis/data/transform/instances.h"

namespace fcis::data {

// Of the size of the first picture, cut in four at a random point of its
// middle. Each quarter shows a random part of its picture, of the quarter's
// shape and of half to all of what fits in. Of an object of which less than a
// fifth is left nothing is learnt: it is ignored. No picture may be empty.
LabelledImage Mosaic(std::array<LabelledImage, 4> pictures,
                     RandomStream& random);

}  // namespace fcis::data

#endif  // FCIS_DATA_TRANSFORM_MOSAIC_H_
